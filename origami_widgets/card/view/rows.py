"""The words of one column's numbers, for the renderers that do not count with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card import words

if TYPE_CHECKING:
    from origami_widgets.card.contract import ColumnRow

HEADINGS = ("Column", "Runs on", "Credits · per run", "Cells", "Pass · fail · unsure")


def column_words(row: ColumnRow) -> tuple[str, str, str, str]:
    """What stands under the headings after the first.

    A column that is typed in has no runs and no verdicts, which differs from numbers the server did not say.

    Args:
        row: one column of a view.

    Returns:
        Share of leads it ran on, credits in all and per run, state of its cells, verdicts.
    """
    if row.kind == "input":
        cells = _cells(row) if row.running or row.errored else words.NOT_APPLICABLE
        return words.NOT_APPLICABLE, words.NOT_APPLICABLE, cells, words.NOT_APPLICABLE
    return (
        words.percent(row.call_rate),
        _joined(words.credits(row.credits), words.credits(row.credits_per_run)),
        _cells(row),
        _verdicts(row),
    )


def _cells(row: ColumnRow) -> str:
    if row.running is None and row.errored is None:
        return words.MISSING
    parts = [f"{words.count(row.running)} running"] if row.running else []
    if row.errored:
        parts.append(f"{words.count(row.errored)} failed")
    return ", ".join(parts) or "settled"


def _verdicts(row: ColumnRow) -> str:
    return _joined(words.count(row.passed), words.count(row.failed), words.count(row.unsure))


def _joined(*numbers: str) -> str:
    """Numbers that stand under one heading; missing only once when all of them are."""
    return words.MISSING if set(numbers) == {words.MISSING} else " · ".join(numbers)
