"""The notebook that people open first runs from its first to its last cell without an error."""

from __future__ import annotations

from notebooks.serve import QUICKSTART
from notebooks.site.executed import run_all


def test_the_quickstart_runs_from_top_to_bottom() -> None:
    outcome = run_all([QUICKSTART])[QUICKSTART]
    if isinstance(outcome, BaseException):
        raise outcome
    cells = [cell for cell in outcome.cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
