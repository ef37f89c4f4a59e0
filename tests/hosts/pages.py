"""Pages that stand in for hosts that can't run here: their published managers, over a kernel of a real Jupyter server.

The scripts in js/tests/hosts are bundled anew for each run; that takes esbuild a tenth of a second.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from notebooks.serve import REPOSITORY
from tests.browser.window import LOOKS, Window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from notebooks.serve import Lab

NODE_MODULES = REPOSITORY / "js" / "node_modules"
SOURCES = REPOSITORY / "js" / "tests" / "hosts"
REQUIRE = NODE_MODULES / "requirejs" / "require.js"
# What each page loads by name besides its own script.
SCRIPTS = {
    # The version of anywidget's script that Colab has.
    "colab": {"require.js": REQUIRE, "anywidget.js": NODE_MODULES / "anywidget" / "dist" / "index.js"},
    # VS Code's extension takes the script that came with the kernel's Python package.
    "vscode": {
        "require.js": REQUIRE,
        "anywidget.js": Path(sysconfig.get_path("data"), "share", "jupyter", "nbextensions", "anywidget", "index.js"),
        "ipywidgets.js": NODE_MODULES / "@vscode" / "jupyter-ipywidgets8" / "dist" / "ipywidgets.js",
    },
}
# The style is that of VS Code's extension.
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{name}</title>
<link rel="icon" href="data:,">
<style>.cell-output-ipywidget-background {{ background: white !important }}</style>
<body>
<script src="require.js"></script>
<script src="{name}.js" type="module"></script>
"""
KERNEL_SECONDS = 60.0


class HostPage(Window):
    """A window with one of the pages, and a kernel of its own.

    Args:
        browser: The Chromium to open it in.
        server: The server that serves the pages and runs their kernels.
        name: The page: "colab" or "vscode".
    """

    def __init__(self, browser: Browser, server: Lab, name: str) -> None:
        super().__init__(browser, server.url)
        self.server = server
        self.name = name

    def open(self) -> None:
        """Load the page and start its kernel."""
        self.page.goto(f"{self.url}static/{self.name}/index.html?token={self.server.token}")
        try:
            self.page.wait_for_function("window.page !== undefined", timeout=KERNEL_SECONDS * 1000, polling=LOOKS)
        except PlaywrightTimeoutError:
            raise AssertionError(f"The page did not get ready; it said: {self.console_errors}") from None

    def set_body(self, **attributes: str) -> None:
        """Set attributes of the page's body, by which a host names its theme."""
        for name, value in attributes.items():
            self.page.evaluate(
                "([name, value]) => document.body.setAttribute(name, value)", [name.strip("_").replace("_", "-"), value]
            )

    def run(self, code: str) -> None:
        """Run a cell to its end; its error fails the test."""
        self.start(code)
        self.wait_ended()
        failure = self.page.evaluate("window.failure")
        assert failure is None, f"{failure}, from:\n{code}"

    def start(self, code: str) -> None:
        """Run a cell and return at once."""
        self.page.evaluate(
            """code => {
                window.running = true;
                window.failure = null;
                window.page.run(code)
                    .catch((error) => { window.failure = String(error); })
                    .finally(() => { window.running = false; });
            }""",
            code,
        )

    def is_running(self) -> bool:
        """Tell whether the started cell waits for its kernel's reply."""
        return bool(self.page.evaluate("window.running"))

    def wait_ended(self) -> None:
        """Wait until the started cell has its kernel's reply and its widgets are drawn."""
        self.page.wait_for_function("!window.running", timeout=KERNEL_SECONDS * 1000, polling=LOOKS)

    def interrupt(self) -> None:
        """Interrupt what the kernel runs, and wait for the cell's end."""
        self.page.evaluate("() => { window.page.interrupt(); }")
        self.wait_ended()


def build(target: Path) -> None:
    """Write each page with its scripts into a folder of its own in `target`.

    Raises:
        FileNotFoundError: The packages of js/package-lock.json are not installed.
    """
    esbuild = NODE_MODULES / ".bin" / "esbuild"
    if not esbuild.exists():
        raise FileNotFoundError("js/node_modules is missing: run the tests with 'make test', or 'npm ci' in js.")
    # Older modules would give themselves to the page's requirejs, and not to the bundle.
    options = ["--bundle", "--format=esm", "--define:define=undefined", "--log-level=warning"]
    for name, scripts in SCRIPTS.items():
        folder = target / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(PAGE.format(name=name), encoding="utf-8")
        for script, source in scripts.items():
            shutil.copy(source, folder / script)
        subprocess.run([esbuild, SOURCES / f"{name}.ts", *options, f"--outdir={folder}"], check=True)
