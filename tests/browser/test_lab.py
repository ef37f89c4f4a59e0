"""The harness itself: errors, restarts, themes and widths are what they claim to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage


def test_an_error_in_a_cell_fails_the_test_that_ran_it(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(["1 / 0", "print('reached')"])
    with pytest.raises(AssertionError, match="cell 0 raised ZeroDivisionError: division by zero"):
        lab.run_cell(0)
    lab.run_cell(1)
    expect(lab.output(1)).to_have_text("reached")
