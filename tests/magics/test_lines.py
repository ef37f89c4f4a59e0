"""The lines: what each shows, sends and refuses."""

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import AgentNotFound, InvalidInput
from origami_widgets.magics.lines import carry_out
from origami_widgets.magics.names import Names


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
    answer = asked.answer("Iberia", "yes").wait("cells")
    assert set(carry_out("tables", names)["run_id"]) == {answer.id}


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
    assert f"{run.token} is over already: cancelled." in said
    assert sum(line.endswith("/cancel") for line in sandbox.asked) == 2
