"""Python in a browser: a real Pyodide in Chromium, with our packages and the kernel of JupyterLite.

The npm package brings Python itself. Packages without compiled parts are those of the tests' own environment; msgspec is
published for Pyodide, too. pandas and NumPy are not, outside of Pyodide's own server, so that no frame is made here.

`made` fetches the two wheels of locks/pyodide.txt into .cache/pyodide, once.
"""

from __future__ import annotations

import functools
import importlib.metadata
import io
import json
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from notebooks.serve import REPOSITORY
from tests.browser.window import LOOKS, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

LOCK = Path(__file__).parent / "locks" / "pyodide.txt"
WHEELS = REPOSITORY / ".cache" / "pyodide"
PYODIDE = REPOSITORY / "js" / "node_modules" / "pyodide"
# Chromium compiles all of Python; beside other tests that takes several times as long as alone.
START_SECONDS = 240.0
PLATFORM = ("--platform=pyemscripten_2026_0_wasm32", "--python-version=314", "--implementation=cp", "--abi=cp314")
NOT_NEEDED = {
    *("numpy", "pandas", "msgspec"),  # compiled
    *("jedi", "parso", "widgetsnbextension", "jupyterlab-widgets", "uvicorn", "pexpect"),  # of no use in a page
}
KINDS = {".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".zip": "application/zip"}
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Pyodide</title>
<link rel="icon" href="data:,">
<script type="module">
import { loadPyodide } from "./pyodide.mjs";
const python = await loadPyodide({ indexURL: "./" });
const packages = await (await fetch("packages.zip")).arrayBuffer();
python.unpackArchive(packages, "zip", { extractDir: "/packages" });
python.runPython("import sys; sys.path.insert(0, '/packages')");
window.python = python;
</script>
"""
# Playwright waits for a promise without end.
RUN = """([code, ms]) => Promise.race([
  python.runPythonAsync(code),
  new Promise((_, refuse) => setTimeout(() => refuse(new Error(`no result after ${ms} ms`)), ms)),
])"""
# What JupyterLite's page does around its kernel: it takes what the kernel sends, as JavaScript's values and then as JSON.
KERNEL = """
import json
import js
import pyodide_kernel
from pyodide.ffi import to_js
from pyodide_kernel import ipython_shell as shell, kernel_instance as kernel

shown, states = [], {}

def heard(kind, content, metadata, ident, buffers):
    sent = js.JSON.stringify(to_js(content, dict_converter=js.Object.fromEntries))
    data, comm = (part := json.loads(sent)).get("data"), part["comm_id"]
    if kind == "comm_open":
        states[comm] = dict(data["state"])
    elif kind == "comm_msg" and data.get("method") == "update":
        states[comm].update(data["state"])

shell.send_comm = heard
shell.display_pub.display_data_callback = lambda data, metadata, transient: shown.append(dict(data))
shell.display_pub.update_display_data_callback = lambda data, metadata, transient: shown.append(dict(data))
shell.displayhook.publish_execution_result = lambda count, data, metadata: shown.append(dict(data))
pyodide_kernel.stdout_stream.publish_stream_callback = lambda name, text: shown.append({name: text})

async def run_cell(code):
    shown.clear()
    kernel._parent_header = {"header": {}}
    done = await kernel.run(code)
    return json.dumps([done["status"], [done.get("ename"), done.get("evalue")], shown])

def cards():
    return [state["head"]["status"] for state in states.values() if "head" in state]

def asked():
    return [bool(state.get("ask")) for state in states.values() if "head" in state]
"""


class Pyodide(Window):
    """A window with Python in it, and the server that it comes from.

    Args:
        browser: The Chromium to open it in.
    """

    def __init__(self, browser: Browser) -> None:
        # What goes wrong here is not the page's.
        packages()
        # Not Playwright's routes, which take Python through two more processes as text.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        super().__init__(browser, f"http://127.0.0.1:{self._server.server_port}/")
        self.page.route(lambda url: not url.startswith(self.url), lambda route: route.abort())

    def open(self) -> None:
        """Load the page and start Python."""
        self.page.goto(f"{self.url}index.html")
        self.page.wait_for_function("window.python !== undefined", timeout=START_SECONDS * 1000, polling=LOOKS)

    def close(self) -> None:
        """Close the window and the server."""
        super().close()
        self._server.shutdown()
        self._server.server_close()

    def run(self, code: str) -> Any:
        """Run code as a cell is run, in which the page goes on meanwhile; what its last expression gives as JSON."""
        given = self.page.evaluate(RUN, [code, START_SECONDS * 1000])
        return None if given is None else json.loads(given)

    def run_at_once(self, code: str) -> Any:
        """Run code as a page without JavaScript Promise Integration does: nothing can suspend it."""
        return json.loads(self.page.evaluate("code => python.runPython(code)", code))


class _Files(BaseHTTPRequestHandler):
    """Serves the page, Python and the packages, without a word."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        path = PYODIDE / name
        if name == "index.html":
            body, kind = PAGE.encode(), "text/html"
        elif name == "packages.zip":
            body, kind = packages(), KINDS[".zip"]
        elif path.is_file():
            body, kind = path.read_bytes(), KINDS.get(path.suffix, "text/plain")
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@functools.cache
def packages() -> bytes:
    """All packages as one archive: this working tree, what it needs, IPython, and what stands in the wheels."""
    made()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in _files():
            target.write(path, name)
        for wheel in sorted(WHEELS.glob("*.whl")):
            _unpack(zipfile.ZipFile(wheel), target)
    return archive.getvalue()


def _files() -> Iterator[tuple[str, Path]]:
    for path in (REPOSITORY / "origami_widgets").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield str(path.relative_to(REPOSITORY)), path
    for name in sorted(_needed("origami-widgets", {"sandbox"}) | _needed("ipython", set())):
        for file in importlib.metadata.files(name) or ():
            if file.parts[0] != ".." and file.suffix not in {".pyc", ".so"} and "tests" not in file.parts:
                yield str(file), Path(str(file.locate()))


def _needed(name: str, extras: set[str]) -> set[str]:
    """The packages that one needs, without itself where it is ours."""
    found = set() if name == "origami-widgets" else {name}
    for line in importlib.metadata.requires(name) or ():
        requirement = Requirement(line)
        wanted = canonicalize_name(requirement.name)
        applies = requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in {"", *extras})
        if applies and wanted not in NOT_NEEDED:
            found |= _needed(wanted, set())
    return found


def _unpack(wheel: zipfile.ZipFile, target: zipfile.ZipFile) -> None:
    with wheel:
        for name in wheel.namelist():
            if ".data/" not in name:
                target.writestr(name, wheel.read(name))
            elif Path(name).name.startswith(("pyodide_kernel-", "piplite-")) and name.endswith(".whl"):
                _unpack(zipfile.ZipFile(io.BytesIO(wheel.read(name))), target)


def made() -> None:
    """Fetch the wheels, where that was not done yet for this lock."""
    stamp = WHEELS / "lock.txt"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    WHEELS.mkdir(parents=True, exist_ok=True)
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--require-hashes", "--only-binary=:all:", *PLATFORM, f"--dest={WHEELS}", f"--requirement={LOCK}"),
        ],
        check=True,
    )
    stamp.write_bytes(LOCK.read_bytes())
