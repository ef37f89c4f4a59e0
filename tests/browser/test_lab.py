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


def test_restart_reload_theme_and_width(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(["x = 1", "print('x' in globals())"], theme="dark")
    assert lab.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    lab.run_all()
    expect(lab.output(1)).to_have_text("True")
    lab.restart_kernel()
    lab.run_cell(1)
    expect(lab.output(1)).to_have_text("False")
    lab.save()
    lab.reload()
    expect(lab.output(1)).to_have_text("False")
    lab.set_theme("light")
    assert lab.page.evaluate("document.body.dataset.jpThemeLight") == "true"
    for width in (320, 900):
        lab.set_output_width(width, index=1)
        box = lab.output(1).bounding_box()
        assert box is not None
        assert round(box["width"]) == width
