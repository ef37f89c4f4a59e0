"""A page of real JupyterLab, driven through Lab's own commands. Everything waits for conditions, nothing for a time."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from tests.browser.window import LOOKS, READY_SECONDS, VIEWPORT, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, BrowserContext, Locator

    from notebooks.serve import Lab

CELL_SECONDS = 60.0
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

PANEL = "window.jupyterapp.shell.currentWidget"
CELL = f"{PANEL}.content.widgets[index]"
KERNEL = f"{PANEL}.sessionContext.session.kernel"

# JupyterLab (4.6) lays itself out some time after the window has changed: as wide as it is once 200 ms changed nothing.
SETTLED_WIDTH = f"""async (index, wide) => {{
    let width = -1;
    let since = performance.now();
    while (window.innerWidth !== wide || width <= 0 || performance.now() - since < 200) {{
        await new Promise(requestAnimationFrame);
        const now = {CELL}.outputArea.node.querySelector(".jp-OutputArea-output")?.clientWidth ?? -1;
        if (now !== width) {{
            width = now;
            since = performance.now();
        }}
    }}
    return width;
}}"""

_numbers = itertools.count(1)


class LabPage(Window):
    """A window of JupyterLab with one notebook at a time.

    Args:
        opener: The Chromium to open it in, or a context: one that has loaded JupyterLab before does so in half the time.
        lab: The server.
        viewport: Width and height of the window in px.
    """

    def __init__(self, opener: Browser | BrowserContext, lab: Lab, viewport: dict[str, int] = VIEWPORT) -> None:
        super().__init__(opener, lab.url, viewport)
        self.lab = lab
        self.name = ""
        # JupyterLab (4.6) restores what a loaded page had open, now and then after it was closed or the next notebook was opened:
        # this one is loaded anew for that, which takes less than a new window.
        self.was_reopened = False
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.url.rstrip("/"))

    # The notebook

    @property
    def path(self) -> Path:
        """The notebook's file."""
        return self.lab.root / self.name

    def open_notebook(self, source: Sequence[str] | Path, *, theme: str = "light") -> None:
        """Write a notebook of these cells, or copy the one at this path, and open it with a fresh kernel."""
        is_loaded = bool(self.name) and not self.was_reopened
        self.name, self.was_reopened = f"notebook-{next(_numbers)}.ipynb", False
        if isinstance(source, Path):
            shutil.copy2(source, self.path)
        else:
            nbformat.write(notebook_of(source), self.path)
        if is_loaded:
            self.command("docmanager:open", {"path": self.name})
            self._wait_until_ready()
        else:
            self.goto()
        self.set_theme(theme)

    def reload(self) -> None:
        """Load the page again, as F5 does; the kernel lives on."""
        self.was_reopened = True
        self.page.reload()
        self._wait_until_ready()

    def reopen(self) -> None:
        """Close the window and open the notebook in a new one."""
        self.was_reopened = True
        self.page.close()
        self.page = self._new_page()
        self.goto()

    def second_window(self) -> LabPage:
        """Open the same notebook, with the same kernel, in a further window; close it yourself."""
        other = LabPage(self.context, self.lab)
        other.name, other.was_reopened = self.name, True
        other.goto(f"{self._workspace}-2")
        return other

    def elsewhere(self, lab: Lab) -> LabPage:
        """Open the same notebook in a window of another server, which serves the same folder; close it yourself."""
        other = type(self)(self.context, lab)
        other.name, other.was_reopened = self.name, True
        other.goto()
        return other

    def close_notebook(self) -> None:
        """Close the notebook without saving, end its kernel and leave the window ready for another one.

        Loading JupyterLab takes longer than most tests; a notebook has a kernel and a widget manager of its own.
        """
        self.page.evaluate(f"() => {{ {PANEL}.context.model.dirty = false; }}")
        if self.was_reopened:
            self.page.goto("about:blank")
        else:
            self.page.evaluate(f"{PANEL}.close()")
            self.page.wait_for_function(
                "[...window.jupyterapp.shell.widgets('main')].every(one => !one.context)", polling=LOOKS
            )
        self._end_sessions()
        self.page.set_viewport_size(VIEWPORT)
        self.foreign_requests.clear()
        self.console_errors.clear()

    def save(self) -> None:
        """Save the notebook and return when it is on disk."""
        self.command("docmanager:save")

    def saved_notebook(self) -> dict[str, Any]:
        """Return what the file on disk holds."""
        return nbformat.read(self.path, as_version=4)

    def saved_outputs(self, index: int) -> list[dict[str, Any]]:
        """Return the outputs of one cell in the file on disk."""
        return self.saved_notebook()["cells"][index]["outputs"]

    # Cells

    def cell(self, index: int) -> Locator:
        """Return the cell with this position, from 0."""
        return self.page.locator(".jp-Notebook:visible .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """Return the whole output area of one cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def show_cell(self, index: int) -> None:
        """Scroll one cell into view: Lab draws nothing of those that are far from it."""
        self.page.evaluate(f"index => {CELL}.node.scrollIntoView()", index)

    def start_cell(self, index: int) -> None:
        """Run one cell and return at once; it queues behind those that run already."""
        self.page.evaluate(
            f"""index => {{
                const notebook = {PANEL}.content;
                notebook.activeCellIndex = index;
                notebook.deselectAll();
                window.testRuns ??= {{}};
                window.testRuns[index] = false;
                window.jupyterapp.commands.execute("notebook:run-cell").then(() => {{ window.testRuns[index] = true; }});
            }}""",
            index,
        )

    def run_cell(self, index: int, *, timeout: float = CELL_SECONDS) -> None:
        """Run one cell to its end; an error in it fails the test with its traceback."""
        self.start_cell(index)
        self.wait_executed(index, timeout=timeout)

    def run_all(self, *, timeout: float = CELL_SECONDS) -> None:
        """Run all cells to the end of the last one; an error in any fails the test."""
        self.command("notebook:run-all-cells", timeout=timeout)
        for index in range(int(self.page.evaluate(f"{PANEL}.content.widgets.length"))):
            self._raise_error_of(index)

    def wait_executed(self, index: int, *, timeout: float = CELL_SECONDS) -> None:
        """Wait until a started cell has its kernel's reply ("idle" can be a subshell's); its error fails the test."""
        self.page.wait_for_function(
            "index => window.testRuns?.[index] === true", arg=index, timeout=timeout * 1000, polling=LOOKS
        )
        self._raise_error_of(index)

    def is_running(self, index: int) -> bool:
        """Tell whether one cell waits for its kernel's reply."""
        return bool(self.page.evaluate(f"index => {CELL}.model.executionState === 'running'", index))

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return the outputs of one cell as the page holds them, saved or not."""
        return self.page.evaluate(f"index => {CELL}.model.outputs?.toJSON() ?? []", index)

    # The kernel

    def interrupt_kernel(self) -> None:
        """Interrupt what the kernel runs, as the Stop button does."""
        self.page.evaluate(f"{KERNEL}.interrupt()")

    def restart_kernel(self) -> None:
        """Restart the kernel without asking."""
        self.page.evaluate(f"{KERNEL}.restart()")
        self._wait_until_ready()

    def shutdown_kernel(self) -> None:
        """End the kernel and the session."""
        self.page.evaluate(f"{PANEL}.sessionContext.shutdown()")

    # Looks

    def set_theme(self, theme: str) -> None:
        """Switch JupyterLab to its "light" or "dark" theme. The server remembers it."""
        name = THEMES[theme]
        if self.page.evaluate("document.body.dataset.jpThemeName") == name:
            return
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name, polling=LOOKS)

    def set_output_width(self, width: int, *, index: int = 0) -> None:
        """Make the window as wide as gives the output of one cell `width` px. The side bar is closed for it."""
        if self.page.evaluate("!window.jupyterapp.shell.leftCollapsed"):
            self.command("application:toggle-left-area")
        # A scroll bar may come or go with the width: once is not always enough.
        for _ in range(4):
            size = self.page.viewport_size or VIEWPORT
            now = int(self.page.evaluate(f"([index, wide]) => ({SETTLED_WIDTH})(index, wide)", [index, size["width"]]))
            if now == width:
                return
            self.page.set_viewport_size({"width": size["width"] + width - now, "height": size["height"]})
        raise AssertionError(f"the output of cell {index} is {now} px wide, not {width}")

    def screenshot_part(self, path: Path, target: Locator, last: Callable[[], object] | None = None) -> None:
        """Write a PNG of what the window shows of `target` when it is scrolled to its top; quicker than `screenshot`.

        `last` is called when nothing moves any more.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        box = target.evaluate(
            """async node => {
                // Lab moves things once more when it has drawn what came into view.
                let still = 0;
                for (let last = NaN; still < 3; ) {
                    node.scrollIntoView();
                    await new Promise(requestAnimationFrame);
                    const { top, bottom } = node.getBoundingClientRect();
                    still = top + bottom === last ? still + 1 : 0;
                    last = top + bottom;
                }
                const { x, y, width, height } = node.getBoundingClientRect();
                return { x, y, width, height: Math.min(height, window.innerHeight - y) };
            }"""
        )
        if last is not None:
            last()
        self.page.screenshot(path=path, clip=box, animations="disabled")

    def close(self) -> None:
        """Close the window and end its kernel."""
        super().close()
        self._end_sessions()

    # Inside

    def _end_sessions(self) -> None:
        for session in self._request("api/sessions"):
            if session["path"] == self.name:
                # One that the test ended a moment ago may be gone by now.
                with contextlib.suppress(urllib.error.HTTPError):
                    self._request(f"api/sessions/{session['id']}", method="DELETE")

    @property
    def _workspace(self) -> str:
        # One of its own: the default one would restore what another window had open.
        return self.name.removesuffix(".ipynb")

    def goto(self, workspace: str = "") -> None:
        workspace = workspace or self._workspace
        self.page.goto(f"{self.lab.url}lab/workspaces/{workspace}/tree/{self.name}?token={self.lab.token}")
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        self.page.wait_for_function(
            f"name => {PANEL.replace('.shell', '?.shell')}?.context?.path === name && {PANEL}.context.isReady"
            f" && {PANEL}.sessionContext?.session?.kernel?.status === 'idle'",
            arg=self.name,
            polling=LOOKS,
        )

    def command(self, name: str, arguments: dict[str, Any] | None = None, *, timeout: float = CELL_SECONDS) -> None:
        """Execute one of JupyterLab's commands, as its menus and palette do. One that waits for a person fails the test."""
        self.page.evaluate(
            """([name, options, patience]) => Promise.race([
                window.jupyterapp.commands.execute(name, options).then(() => null),
                new Promise((_, fail) => setTimeout(() => fail(new Error(`${name} did not end`)), patience)),
            ])""",
            [name, arguments or {}, timeout * 1000],
        )

    def _raise_error_of(self, index: int) -> None:
        for output in self.outputs(index):
            if output["output_type"] == "error":
                raise AssertionError(f"cell {index} raised {output['ename']}: {output['evalue']}")

    def _request(self, path: str, *, method: str = "GET") -> Any:
        request = urllib.request.Request(  # noqa: S310 - http on loopback
            f"{self.lab.url}{path}", method=method, headers={"Authorization": f"token {self.lab.token}"}
        )
        with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:  # noqa: S310 - the same
            return json.loads(answer.read() or b"null")


def notebook_of(cells: Sequence[str]) -> nbformat.NotebookNode:
    """Return a notebook of these code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook
