"""The words of one column's numbers, for the renderers that do not count with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.card.view.contract import ColumnRow

HEADINGS = ("Column", "Runs on", "Credits / run", "Credits", "Cells", "Pass · fail · unsure")


def column_words(row: ColumnRow) -> tuple[str, str, str, str, str]:
    """What stands under the headings after the first.

    A column that is typed in has no runs and no verdicts, which differs from numbers the server did not say.

    Args:
        row: one column of a view.

    Returns:
        Share of leads it ran on, credits per run, credits in all, state of its cells, verdicts.
    """
    return (
        _of_runs(row, row.call_rate, words.percent),
        _of_runs(row, row.credits_per_run, words.credits),
        _of_runs(row, row.credits, words.credits),
        _cells(row),
        _verdicts(row),
    )


def _of_runs(row: ColumnRow, value: float | None, say: Callable[[float | None], str]) -> str:
    return words.NOT_APPLICABLE if row.kind == "input" and not value else say(value)


def _cells(row: ColumnRow) -> str:
    parts = [f"{words.count(row.running)} running"] if row.running else []
    if row.errored:
        parts.append(f"{words.count(row.errored)} failed")
    if parts:
        return ", ".join(parts)
    if row.kind == "input":
        return words.NOT_APPLICABLE
    if row.running is None:
        return words.MISSING
    # A column that has run on no lead yet has nothing that could have settled.
    return "settled" if row.call_rate or row.credits else "not run"


def _verdicts(row: ColumnRow) -> str:
    verdicts = (row.passed, row.failed, row.unsure)
    if all(verdict is None for verdict in verdicts):
        return words.NOT_APPLICABLE if row.kind == "input" else words.MISSING
    return " · ".join(map(words.count, verdicts))
