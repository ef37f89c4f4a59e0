"""The lines: what each shows, sends and refuses."""

import pytest
from IPython.lib.pretty import pretty

import origami_widgets as ow
from origami_widgets.api.errors import AgentNotFound, InvalidInput, RunNotFound
from origami_widgets.magics.lines import carry_out
from origami_widgets.magics.names import Names, active_run, newest_run, runs_here, runs_in
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import CancelRequested
from tests.support.quick import see


@pytest.fixture
def run(sandbox):
    return ow.start("Find bakeries. scenario:slow", show=False)


def refused(line, names):
    with pytest.raises(InvalidInput) as error:
        carry_out(line, names)
    return str(error.value)


def test_a_run_is_attached_by_its_token_its_agent_or_its_variable(run, names):
    names.notebook.update(run=run, token=run.token)
    for word in (run.token, run.agent_id, "run", "{token}", "{run}", "{run.token}"):
        assert carry_out(f"attach {word} --into found", names) == run
        assert names.notebook.pop("found") == run
    assert carry_out("attach run", Names({}, {"run": run})) == run, "a variable of a function counts"


def test_what_names_no_run_is_refused(run, names):
    names.notebook.update(run=run, token=run.token)
    assert "write {token}" in refused("attach token", names)
    assert "price holds no run" in refused("attach price", names)
    assert "Did you mean run?" in refused("tables rum", names)
    assert "Runs are in run." in refused("tables price", names)
    assert "no variable called nothing" in refused("cancel {nothing}", names)
    assert "{price} holds no run" in refused("cancel {price}", names)
    assert "cannot be kept" in refused(f"attach {run.token} --into 1x", names)
    with pytest.raises(AgentNotFound):
        carry_out("attach 6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90", names)


def test_a_run_that_was_never_there_is_not_one_that_goes_on(sandbox, names):
    with pytest.raises(RunNotFound) as caught:
        carry_out("attach 6b1f0a8e/v2_run-1", names)
    assert all(watch.state.run is None for watch in poller().watched())
    assert caught.value.code
    assert runs_here() == []
    assert "No run is going on" in refused("cancel", names)
    real = ow.start("Find bakers. scenario:slow", show=False)
    assert active_run() == real


@pytest.mark.parametrize("sandbox", [60], indirect=True)
def test_cancelling_again_says_that_it_was_asked_before(sandbox, names, capsys, monkeypatch):
    run = names.notebook["run"] = ow.start("Find bakers. scenario:slow", show=False)
    monkeypatch.setattr(Run, "cancel", lambda self: self._watch.update(CancelRequested()))
    for said in ("Asked Origami to cancel", "Origami was asked before to cancel"):
        carry_out("cancel run", names)
        assert capsys.readouterr().out == f"{said} {run.token}. It is over when its card says so.\n"


def test_a_batch_tells_what_was_going_on_of_it(sandbox, names, capsys):
    names.notebook["many"] = ow.start_many(["Find bakers", "Find dentists"], show=False).wait()
    sandbox.asked.clear()
    carry_out("cancel many", names)
    assert capsys.readouterr().out == "Nothing of it was going on.\n"
    assert not [line for line in sandbox.asked if line.endswith("/cancel")]


def test_tables_of_a_run_of_several_and_of_the_newest(run, names):
    done = ow.start("Find dentists", show=False).wait("cells")
    names.notebook.update(run=done, both=[done, run])
    ids = [table.id for table in done.tables]
    assert carry_out("tables", names)["table_id"].to_list() == ids
    assert carry_out("tables run", names)["table_id"].to_list() == ids
    assert carry_out(f"tables {done.token}", names)["table_id"].to_list() == ids
    assert set(carry_out("tables both", names)["run_id"]) >= {done.id}


def test_a_notebook_without_runs_has_no_newest_one(sandbox, names):
    assert "no run in this notebook" in refused("tables", names)
    assert "No run is going on" in refused("cancel", names)
    assert sandbox.asked == []


def test_the_newest_run_is_the_one_that_goes_on_from_it(sandbox, names):
    asked = ow.start("Find partners. scenario:needs_input", show=False).wait()
    assert newest_run() == asked
    answer = asked.answer("Iberia", "yes")
    assert newest_run() == answer
    assert runs_here() == [answer]


@pytest.mark.parametrize("sandbox", [60], indirect=True)
def test_one_run_that_goes_on_is_cancelled_without_a_name(run, sandbox, names, capsys):
    other = ow.start("Find dentists. scenario:slow", show=False)
    assert all(each.token in refused("cancel", names) for each in (run, other))
    names.notebook["run"] = other
    assert carry_out("cancel run", names) is None
    other.wait()
    assert other.status == "cancelled"
    carry_out("cancel", names)
    assert run.wait().status == "cancelled"
    carry_out(f"cancel {run.token}", names)
    said = capsys.readouterr().out
    assert f"Asked Origami to cancel {other.token}." in said
    assert f"Asked Origami to cancel {run.token}." in said
    assert f"{run.token} is over already: cancelled. Nothing of it was going on." in said
    assert sum(line.endswith("/cancel") for line in sandbox.asked) == 2


def test_a_batch_is_cancelled_whole_and_stands_for_all_its_runs(sandbox, names, capsys):
    briefs = [f"Find bakers {number}. scenario:slow" for number in range(40)]
    batch = names.notebook["many"] = ow.start_many(briefs, show=False)
    see(lambda: len(batch.runs) > 1)
    carry_out("cancel many", names)
    assert batch.waiting == 0
    said = capsys.readouterr().out
    assert said == f"No more runs are started. Asked Origami to cancel {len(batch.runs)} runs.\n"
    assert runs_in(batch) == [*batch.runs]
    assert carry_out("tables many", names)["run_id"].isin([run.id for run in batch.runs]).all()
    names.notebook["two"] = [ow.start("Find bakers", show=False), ow.start("Find dentists", show=False)]
    assert "two holds 2" in refused("attach two", names)


def test_credits_are_the_account_which_ipython_shows_in_words(sandbox, names, capsys):
    assert "Plan: Enterprise" in pretty(carry_out("credits", names))
    assert capsys.readouterr().out == ""
    assert sandbox.starts == 0


def test_login_finds_the_key_of_the_environment(monkeypatch, names, capsys):
    with ow.Sandbox(plan="starter").serve() as served:
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
        try:
            assert carry_out("login", names).plan == "Starter"
        finally:
            ow.configure()
    said = capsys.readouterr().out
    assert said.count("Plan: Starter") == 1
    assert served.api_key not in said


def test_runs_of_the_account_of_an_agent_and_those_that_are_named_stand_together(sandbox, names):
    first, second = (ow.start(f"Find {what}", show=False) for what in ("bakers", "dentists"))
    names.notebook.update(first=first, both=[first, second], agent=second.agent_id)
    for word, expected in {
        "": {first.token, second.token},
        first.agent_id: {first.token},
        "{agent}": {second.token},
        second.token: {second.token},
        "first": {first.token},
        "both": {first.token, second.token},
    }.items():
        board = carry_out(f"runs {word}", names)
        assert {run.token for run in board.runs} == expected, word
        names.notebook["board"] = board
    names.notebook["again"] = again = carry_out("runs board", names)
    assert again.runs == board.runs
    board.close()
    again.close()


def test_each_reading_of_the_balance(sandbox, names, capsys):
    carry_out("credits", names)
    ow.start("Find bakers", show=False)
    frame = carry_out("credits --frame", names)
    assert frame["balance"].to_list() == ow.credits_frame()["balance"].to_list()[:-1]
    assert len(frame) == 2
