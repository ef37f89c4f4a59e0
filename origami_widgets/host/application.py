"""Which hosts can show no widget, as far as the kernel can know it.

A kernel is not told who reads its messages, so only what is certain counts here; everywhere else the widget is shown,
and stands beside its own HTML and text for hosts that turn out to have no widget manager. Deliberately absent:

- programs that execute notebooks (nbclient, papermill): the widget gives way to its snapshot when the run is waited for;
- Databricks, Kaggle, SageMaker, PyCharm and DataSpell: their notebooks show ipywidgets;
- jupyter console, a plain qtconsole, Zed, Emacs: nothing that they send tells them from a notebook.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.host.shell import current_shell, request

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Pages:
    """What the pages in front of this kernel have told about themselves.

    Attributes:
        keep_snapshots: whether a page that saves the notebook puts the newest snapshot in the place of each widget, as
            JupyterLab and Notebook 7 do with our front end; None before a page has told. One page that does is enough.
        are_of_lab: the page that ran the newest cell with a widget is one of those two.
    """

    keep_snapshots: bool | None = None
    are_of_lab: bool = False

    @property
    def may_keep_snapshots(self) -> bool:
        """Whether they keep snapshots, or probably will: while a cell blocks the kernel, no page can tell."""
        return self.are_of_lab if self.keep_snapshots is None else self.keep_snapshots

    def told(self, *, keeps: bool) -> None:
        """Note what a page has told of itself."""
        self.keep_snapshots = keeps or bool(self.keep_snapshots)

    def ran(self, request: dict[str, Any]) -> None:
        """Note the message that made the kernel run a cell with a widget."""
        # What JupyterLab and Notebook 7 send with each cell, and no other host.
        self.are_of_lab = "deletedCells" in request.get("metadata", {})


pages = Pages()


def without_widgets(render_mode: str) -> bool:
    """Whether cards are shown as HTML that is replaced: because it was configured, or the host has no widgets.

    Args:
        render_mode: what was configured: `auto`, `widget` or `html`.
    """
    if render_mode != "auto":
        return render_mode == "html"
    return lacks_widgets(getattr(current_shell(), "kernel", None), request(), os.environ)


def lacks_widgets(kernel: object, request: dict[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether the front end before this kernel has certainly no widget manager.

    Args:
        kernel: the kernel object of the shell.
        request: the message that made the kernel run the present cell.
        environment: the environment variables of the process.
    """
    # Deepnote documents that its notebooks do not support ipywidgets. Its kernel inside VS Code ("detached") has the same
    # variable, and VS Code's widgets.
    detached = environment.get("DEEPNOTE_RUNTIME__RUNNING_IN_DETACHED_MODE", "").lower() == "true"
    if environment.get("DEEPNOTE_PROJECT_ID") and not detached:
        return True
    home = type(kernel).__module__
    # Without sockets: its only front ends are Python objects in the same process (ipykernel.inprocess), in practice
    # the Qt console inside an application. A widget manager is JavaScript.
    if home.startswith("ipykernel.inprocess"):
        return True
    # Spyder starts this kernel for its console, a Qt console (spyder-ide/qtconsole#382: no widgets), and for its
    # notebook plug-in, which is made from JupyterLab's parts; those name the cell in the metadata of each request.
    return home.startswith("spyder_kernels.") and "cellId" not in request.get("metadata", {})
