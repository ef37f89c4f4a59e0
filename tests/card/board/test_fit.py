"""How long the texts of a hundred rows may be: each row has a share of its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from origami_widgets.card.view.board_rows import make_row
from origami_widgets.card.view.board_size import ROWS_SIZE, fitted
from origami_widgets.card.view.size_limits import size_of
from tests.card.board.boards import many
from tests.fixtures.states import STATES

ROW = make_row(many(1, "running")[0])
TEXTS = ("note", "name", "prompt")


def row(**changes):
    return {**ROW, **changes}


@pytest.mark.parametrize("name", STATES)
def test_fifty_runs_of_any_state_say_all_they_have_to_say(name):
    rows = [make_row(entry) for entry in many(50, name)]
    assert fitted(rows) == rows


def test_a_hundred_ordinary_runs_keep_their_briefs():
    rows = [make_row(entry) for entry in many(100, "running", "completed", "needs_input", "filling", "errored")]
    for before, after in zip(rows, fitted(rows), strict=True):
        assert all(after[key] == before[key] for key in before if key not in TEXTS)
        assert before["prompt"].startswith(after["prompt"].rstrip("…"))
        assert len(after["prompt"]) >= 30 or after == before


def test_a_change_of_one_row_changes_no_other():
    rows = [row(position=at, prompt="p" * 100, name="n" * 60, note="o" * 90) for at in range(100)]
    before = fitted(rows)
    after = fitted([*rows[:7], row(position=7, prompt="q", note="漢" * 90, leads=10**14), *rows[8:]])
    assert before[:7] + before[8:] == after[:7] + after[8:]


def test_what_a_run_says_first_is_not_crowded_out_by_its_brief():
    note = "Too few credits to start a run"
    cut = fitted([row(position=at, prompt="p" * 100, name="Porto", note=note) for at in range(100)])
    assert {each["note"] for each in cut} == {note}
    assert {each["name"] for each in cut} == {"Porto"}


def test_of_rows_that_are_too_large_without_their_texts_the_first_remain():
    rows = [row(position=at, token="t" * 3_000) for at in range(100)]
    kept = fitted(rows)
    assert 10 < len(kept) < 100
    assert [each["position"] for each in kept] == list(range(len(kept)))
    assert {each["token"] for each in kept} == {"t" * 3_000}


def test_no_rows():
    assert fitted([]) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100), *(st.text(max_size=limit) for limit in (90, 60, 100)))
def test_no_text_is_longer_than_it_was_nor_the_whole_than_its_room(count, note, name, prompt):
    made = [row(note=note, name=name, prompt=prompt)] * count
    kept = fitted(made)
    assert sum(map(size_of, kept)) <= ROWS_SIZE
    assert len(kept) == count
    for key, text in (("note", note), ("name", name), ("prompt", prompt)):
        assert kept[0][key] == text or text.startswith(kept[0][key].removesuffix("…"))
