"""A page of real Notebook 7, which is built of JupyterLab's parts and driven by the same commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.lab import LabPage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OPTIONS = ("--JupyterNotebookApp.expose_app_in_browser=True",)


class NotebookPage(LabPage):
    """A window of Notebook 7 with one notebook at a time, in a browser context of its own."""

    def open_notebook(self, source: Sequence[str] | Path, *, theme: str = "light") -> None:
        # Each notebook is a page of its own here.
        self.was_reopened = True
        super().open_notebook(source, theme=theme)

    def goto(self, _workspace: str = "") -> None:
        self.page.goto(f"{self.lab.url}notebooks/{self.name}?token={self.lab.token}")
        self._wait_until_ready()

    def close_notebook(self) -> None:
        """Close the page, end its kernel and leave the context ready for another one, which then has the scripts."""
        self.page.close()
        self._end_sessions()
        self.page = self._new_page()
        self.foreign_requests.clear()
        self.console_errors.clear()
