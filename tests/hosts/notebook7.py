"""A page of real Notebook 7, which is built of JupyterLab's parts and driven by the same commands."""

from __future__ import annotations

from tests.browser.lab import LabPage

OPTIONS = ("--JupyterNotebookApp.expose_app_in_browser=True",)


class NotebookPage(LabPage):
    """A window of Notebook 7 with one notebook."""

    def goto(self, _workspace: str = "") -> None:
        # Each notebook is a page of its own here.
        self.page.goto(f"{self.lab.url}notebooks/{self.name}?token={self.lab.token}")
        self._wait_until_ready()
