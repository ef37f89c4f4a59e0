"""What each line and each cell shows, sends and refuses."""

import uuid
from types import SimpleNamespace

import pytest
from IPython.lib.pretty import pretty

import origami_widgets as ow
from origami_widgets.api.errors import AgentNotFound, InsufficientCredits, InvalidInput
from origami_widgets.magics.commands import CELL, explained
from origami_widgets.magics.execute import run_cell, run_line
from origami_widgets.magics.variables import Variables, runs_in
from tests.run.batch.common import waiting
from tests.support.quick import see


@pytest.fixture
def run(sandbox):
    return ow.start("Find bakeries. scenario:slow", show=False)


def refused(line, variables):
    with pytest.raises(InvalidInput) as error:
        run_line(line, variables)
    return str(error.value)


def test_a_run_is_attached_by_token_agent_or_variable(run, variables):
    variables.notebook.update(run=run, token=run.token)
    for word in (run.token, run.agent_id, "run", "{token}", "{run}", "{run.token}"):
        assert run_line(f"attach {word} --into found", variables) == run
        assert variables.notebook.pop("found") == run
    assert run_line("attach run", Variables({}, {"run": run})) == run, "a variable of a function counts"


def test_a_word_that_refers_to_no_run_is_refused(run, variables):
    variables.notebook.update(run=run, token=run.token)
    assert "write {token}" in refused("attach token", variables)
    assert "price isn't a run" in refused("attach price", variables)
    assert "Did you mean run?" in refused("tables rum", variables)
    assert "These variables hold runs: run." in refused("tables price", variables)
    assert "No variable named nothing" in refused("cancel {nothing}", variables)
    assert "{price} isn't a run" in refused("cancel {price}", variables)
    assert "Invalid variable name" in refused(f"attach {run.token} --into 1x", variables)
    with pytest.raises(AgentNotFound):
        run_line("attach 6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90", variables)


def test_tables_of_one_run_several_runs_and_the_newest_run(run, variables):
    done = ow.start("Find dentists", show=False).wait("cells")
    variables.notebook.update(run=done, both=[done, run])
    ids = [table.id for table in done.tables]
    assert run_line("tables", variables)["table_id"].to_list() == ids
    assert run_line("tables run", variables)["table_id"].to_list() == ids
    assert run_line(f"tables {done.token}", variables)["table_id"].to_list() == ids
    assert set(run_line("tables both", variables)["run_id"]) >= {done.id}


def cancelled(sandbox, what):
    """How many requests asked to cancel agents or the cells of tables."""
    path = f"POST /api/v2/{what}/"
    return sum(line.startswith(path) and line.endswith("/cancel") for line in sandbox.requests)


@pytest.mark.parametrize("sandbox", [60], indirect=True)
def test_the_only_active_run_is_cancelled_without_a_name(run, sandbox, variables, capsys):
    other = ow.start("Find dentists. scenario:slow", show=False)
    assert all(each.token in refused("cancel", variables) for each in (run, other))
    variables.notebook["run"] = other
    assert run_line("cancel run", variables) is None
    other.wait()
    assert other.status == "cancelled"
    run_line("cancel", variables)
    assert run.wait().status == "cancelled"
    run_line(f"cancel {run.token}", variables)
    of_other, of_run, again = capsys.readouterr().out.splitlines()
    assert other.token in of_other
    assert run.token in of_run
    assert f"{run.token} has already ended" in again
    assert cancelled(sandbox, "agents") == 2


def test_a_batch_is_cancelled_as_a_whole_and_stands_for_all_its_runs(sandbox, variables, capsys):
    briefs = [f"Find bakers {number}. scenario:slow" for number in range(40)]
    batch = variables.notebook["many"] = ow.start_many(briefs, show=False)
    see(lambda: len(batch.runs) > 1)
    run_line("cancel many", variables)
    assert waiting(batch) == 0
    output = capsys.readouterr().out
    assert output == f"No more runs will start. Asked Origami to cancel {len(batch.runs)} runs and their cells.\n"
    assert runs_in(batch) == [*batch.runs]
    assert run_line("tables many", variables)["run_id"].isin([run.id for run in batch.runs]).all()
    variables.notebook["two"] = [ow.start("Find bakers", show=False), ow.start("Find dentists", show=False)]
    assert "two has 2 runs" in refused("attach two", variables)


def test_credits_show_the_account(sandbox, variables, capsys):
    assert "Plan: Enterprise" in pretty(run_line("credits", variables))
    assert capsys.readouterr().out == ""
    assert sandbox.starts == 0


def test_runs_shows_a_board_of_the_account_of_an_agent_or_of_named_runs(sandbox, variables):
    first, second = (ow.start(f"Find {what}", show=False) for what in ("bakers", "dentists"))
    variables.notebook.update(first=first, both=[first, second], agent=second.agent_id)
    for word, expected in {
        "": {first.token, second.token},
        first.agent_id: {first.token},
        "{agent}": {second.token},
        second.token: {second.token},
        "first": {first.token},
        "both": {first.token, second.token},
    }.items():
        board = run_line(f"runs {word}", variables)
        assert {run.token for run in board.runs} == expected, word
        variables.notebook["board"] = board
    variables.notebook["again"] = again = run_line("runs board", variables)
    assert again.runs == board.runs
    board.close()
    again.close()


BRIEF = "Find bakeries in {city} under ${price:,}"


def test_the_brief_is_sent_with_its_fields_expanded(sandbox, variables):
    run = run_cell("", f"\n{BRIEF}\n\n", variables)
    assert run.prompt == "Find bakeries in Porto under $5,000"
    assert sandbox.starts == 1
    assert "run" not in variables.notebook


def test_options_reach_the_run(sandbox, variables):
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    variables.notebook.update(tables=(SimpleNamespace(id=first), second), last=third)
    line = f"--name 'Bakers of {{city}}' --model origami-lite --focus {{tables}} --focus={third} --focus {{last}}"
    with pytest.raises(InvalidInput, match="No such table"):
        run_cell(line, BRIEF, variables)
    (body,) = sandbox.bodies
    assert body["focusTableIds"] == [first, second, third, third]
    assert body["name"] == "Bakers of Porto"
    assert body["model"] == "origami-lite"


@pytest.mark.parametrize(("option", "settled"), [("--wait", False), ("--wait cells", True)])
def test_a_cell_may_wait(option, settled, sandbox, variables):
    run = run_cell(f"{option} --quiet --into run", "Find bakers. scenario:filling", variables)
    assert run is None
    assert variables.notebook["run"].done
    assert variables.notebook["run"].settled >= settled


def test_a_credit_limit_reaches_the_run(sandbox, variables):
    variables.notebook["most"] = 1.5
    run_cell("--credit-limit {most} --quiet --into run", "Find bakers. scenario:filling", variables)
    run = variables.notebook["run"]
    see(lambda: run.state.limit_error is not None)
    assert "1.5" in run.state.limit_error.cause


@pytest.mark.parametrize("asking", ["--help", "-h", "--once bakers -h"])
def test_asking_for_help_starts_nothing(asking, sandbox, variables, capsys):
    assert run_cell(asking, BRIEF, variables) is None
    assert capsys.readouterr().out == explained(CELL) + "\n"
    assert sandbox.starts == 0


WRONG = [
    ("", "Find {town}", "No variable named town"),
    ("", " \n ", "The brief is empty"),
    ("", "{''}", "The brief is empty"),
    ("", "x" * 10_001, "too long"),
    ("", "Use og_live_0123456789abcdef", "An API key was passed"),
    ("", "Use {key}", "An API key was passed"),
    ("--once {town}", BRIEF, "No variable named town"),
    ("--into 1x", BRIEF, "Invalid variable name"),
    ("--quiet", BRIEF, "--quiet needs --into"),
    ("--model gpt", BRIEF, "Invalid model"),
    ("--name ' '", BRIEF, "Invalid name"),
    ("--once ' '", BRIEF, "once= needs a name"),
    ("--focus a/b", BRIEF, "Invalid table id"),
    ("--focus {price}", BRIEF, "Invalid table id"),
    ("--credit-limit 50,000", BRIEF, "credit_limit= must be a number"),
    ("--wait long", BRIEF, "Argument --wait: invalid choice: 'long'"),
    ("--what", BRIEF, "has no option --what"),
    ("run", BRIEF, "--into run"),
]


@pytest.mark.parametrize(("line", "cell", "expected"), WRONG)
def test_a_wrong_cell_is_refused_before_anything_is_sent(line, cell, expected, sandbox, variables):
    variables.notebook.update(key="og_live_0123456789abcdef", json=uuid)
    before = dict(variables.notebook)
    with pytest.raises(InvalidInput) as refused:
        run_cell(line, cell, variables)
    assert expected in str(refused.value)
    assert "0123456789" not in str(refused.value)
    assert sandbox.requests == []
    assert variables.notebook == before


def test_a_refused_start_sets_no_variable(sandbox, variables):
    with pytest.raises(InsufficientCredits):
        run_cell("--into run", "Find bakers. scenario:no_credits", variables)
    assert "run" not in variables.notebook


def test_a_cell_and_start_share_names_of_once(sandbox, variables):
    first = ow.start("Find bakeries in Porto", once="porto", show=False)
    assert run_cell("--once porto", "Find bakeries in {city}\n", variables) == first
