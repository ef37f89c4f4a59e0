"""A cell starts one run of its brief, or says what is wrong before anything is sent."""

import uuid
from types import SimpleNamespace

import pytest

from origami_widgets.api.errors import InsufficientCredits, InvalidInput
from origami_widgets.magics.cell import start_from_cell
from origami_widgets.magics.commands import CELL, explained

BRIEF = "Find bakeries in {city} under ${price:,}"


def test_the_brief_is_sent_with_its_values(sandbox, names):
    run = start_from_cell("", f"\n{BRIEF}\n\n", names)
    assert run.prompt == "Find bakeries in Porto under $5,000"
    assert sandbox.starts == 1
    assert "run" not in names.notebook


def test_a_brief_under_a_name_is_paid_for_once(sandbox, names):
    first = start_from_cell("--once {city}-bakers --into run", BRIEF, names)
    assert names.notebook["run"] is first
    assert first.conversation.once == "Porto-bakers"
    assert start_from_cell("--once Porto-bakers", BRIEF, names) == first
    assert sandbox.starts == 1
    assert start_from_cell("--once Porto-bakers --fresh", BRIEF, names) != first
    assert sandbox.starts == 2


def test_options_reach_the_run(sandbox, names):
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    names.notebook.update(tables=(SimpleNamespace(id=first), second), last=third)
    line = f"--name 'Bakers of {{city}}' --model origami-lite --focus {{tables}} --focus={third} --focus {{last}}"
    with pytest.raises(InvalidInput, match="There is no such table"):
        start_from_cell(line, BRIEF, names)
    (told,) = sandbox.told
    assert told["focusTableIds"] == [first, second, third, third]
    assert told["name"] == "Bakers of Porto"
    assert told["model"] == "origami-lite"


@pytest.mark.parametrize(("option", "settled"), [("--wait", False), ("--wait cells", True)])
def test_a_cell_may_wait(option, settled, sandbox, names):
    run = start_from_cell(f"{option} --quiet --into run", "Find bakers. scenario:filling", names)
    assert run is None
    assert names.notebook["run"].done
    assert names.notebook["run"].settled >= settled


@pytest.mark.parametrize("asking", ["--help", "-h", "--once bakers -h"])
def test_who_asks_for_help_starts_nothing(asking, sandbox, names, capsys):
    assert start_from_cell(asking, BRIEF, names) is None
    assert capsys.readouterr().out == explained(CELL) + "\n"
    assert sandbox.starts == 0


def test_a_quiet_cell_is_nothing_and_keeps_its_run(sandbox, names):
    assert start_from_cell("--quiet --into kept", BRIEF, names) is None
    assert names.notebook["kept"].prompt.startswith("Find bakeries")


WRONG = [
    ("", "Find {town}", "no variable called town"),
    ("", " \n ", "The brief is empty"),
    ("", "{''}", "The brief is empty"),
    ("", "x" * 10_001, "too long"),
    ("", "Use og_live_0123456789abcdef", "An API key was given"),
    ("", "Use {key}", "An API key was given"),
    ("--once {town}", BRIEF, "no variable called town"),
    ("--into 1x", BRIEF, "cannot be kept"),
    ("--into print", BRIEF, "'print' is a function or a name of Python's own"),
    ("--into json", BRIEF, "'json' holds a module"),
    ("--quiet", BRIEF, "--quiet needs --into"),
    ("--model gpt", BRIEF, "not a model"),
    ("--name ' '", BRIEF, "name is not valid"),
    ("--once ' '", BRIEF, "once= needs a name"),
    ("--focus a/b", BRIEF, "not a table id"),
    ("--focus {price}", BRIEF, "not a table id"),
    ("--wait long", BRIEF, "--wait cannot be"),
    ("--what", BRIEF, "has no option --what"),
    ("run", BRIEF, "write --into run"),
]


@pytest.mark.parametrize(("line", "cell", "said"), WRONG)
def test_what_cannot_be_right_is_said_and_nothing_is_sent(line, cell, said, sandbox, names):
    names.notebook.update(key="og_live_0123456789abcdef", json=uuid)
    before = dict(names.notebook)
    with pytest.raises(InvalidInput) as refused:
        start_from_cell(line, cell, names)
    assert said in str(refused.value)
    assert "0123456789" not in str(refused.value)
    assert sandbox.asked == []
    assert names.notebook == before


def test_a_refusal_of_the_server_keeps_no_run(sandbox, names):
    with pytest.raises(InsufficientCredits):
        start_from_cell("--into run", "Find bakers. scenario:no_credits", names)
    assert "run" not in names.notebook


def test_the_brief_of_a_cell_is_the_brief_of_start(sandbox, names):
    import origami_widgets as ow

    first = ow.start("Find bakeries in Porto", once="porto", show=False)
    assert start_from_cell("--once porto", "Find bakeries in {city}\n", names) == first
