import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.run.conversation import recent_runs


def newest_of(client, **options):
    return background().run(recent_runs(client.operations, **options))


def test_the_newest_run_of_each_agent_comes_first():
    client = ow.Sandbox(speed=600, plan="scale").client()
    first = ow.start("List bakeries", name="Bakeries", client=client, show=False).wait()
    second = ow.start("List dentists", client=client, show=False).wait()
    first.follow_up("Add opening hours").wait()
    newest = newest_of(client)
    assert [each.token for each in newest] == [first.token, second.token]
    assert newest[0].agent_name == "Bakeries"
    assert newest[0].run.prompt == "Add opening hours"
    assert [each.token for each in newest_of(client, limit=1)] == [first.token]


def test_all_agents_are_read_before_any_is_called_newest():
    client = ow.Sandbox(speed=6000, plan="enterprise", credits=10_000_000).client()
    created = [client.create_agent(f"List bakeries {number}") for number in range(102)]
    newest = newest_of(client, limit=102)
    assert {each.agent_id for each in newest} == {each.agent.id for each in created}
    moments = [each.run.started_at for each in newest]
    assert moments == sorted(moments, reverse=True)


def test_an_account_without_runs_has_none():
    assert newest_of(ow.Sandbox().client()) == []
