"""A page of real Notebook 7, which is built of JupyterLab's parts and driven by the same commands."""

from __future__ import annotations

from tests.browser.lab import LabPage

OPTIONS = ("--JupyterNotebookApp.expose_app_in_browser=True",)


class NotebookPage(LabPage):
    """A window of Notebook 7 with one notebook."""

    def _goto(self) -> None:
        self.page.goto(f"{self.lab.url}notebooks/{self.name}?token={self.lab.token}")
        self._wait_until_ready()
