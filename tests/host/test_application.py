"""The application that shows the notebook: whether it has widgets, what its pages report, and how it shows an error."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
import types
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace
from typing import Any

import IPython
import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.host import application, runtime
from origami_widgets.host.application import (
    Outputs,
    Pages,
    can_confirm,
    cell_ref,
    executed_by_program,
    host_name,
    lacks_widgets,
    marimo_cell_ref,
    replace,
    show,
    traceback_lines,
    without_widgets,
)
from tests.support.outputs import keep_outputs

PROGRAM = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="NoColor")
shown = {}
CELLS = {
    "before": "import sys, origami_widgets as ow\\ndef asking():\\n    return ow.start(' ', client=ow.Sandbox().client())",
    "Context": "asking()",
    "after": "print(sys.last_value.__traceback__ is sys.last_traceback, depth(sys.last_traceback), last(shell.InteractiveTB.tb))",
    "caught": "try:\\n    asking()\\nexcept ow.OrigamiError:\\n    1 / 0",
    "verbose": "%xmode Verbose",
    "Verbose": "asking()",
    "plain": "%xmode Plain",
    "Plain": "asking()",
}

def depth(trace):
    return 1 + depth(trace.tb_next) if trace is not None else 0

def last(trace):
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_name

shell.user_ns.update(shell=shell, depth=depth, last=last)
for name, cell in CELLS.items():
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        shell.run_cell(cell, store_history=True)
    shown[name] = out.getvalue() + err.getvalue()
print(json.dumps(shown))
"""
WORDS = """The brief is empty
A brief has 1 to 10,000 characters.
Say in a sentence or two what the agent should find or do."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each cell shows."""
    home = str(tmp_path_factory.mktemp("home"))
    environment = {"IPYTHONDIR": home, "HOME": home, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mode", ["Context", "Plain"])
def test_a_traceback_ends_at_the_users_own_line(shown, mode):
    assert "asking()" in shown[mode]
    assert "return ow.start(' ', client=ow.Sandbox().client())" in shown[mode]
    assert shown[mode].rstrip().endswith(f"InvalidInput: {WORDS}")
    assert ".py" not in shown[mode]
    assert len(shown[mode].splitlines()) < 20


def test_a_debugger_and_a_verbose_traceback_have_all_frames(shown):
    is_whole, depth, last = shown["after"].split()
    assert (is_whole, last) == ("True", "asking")
    assert int(depth) > 3
    assert "validate.py" in shown["Verbose"]
    assert WORDS in shown["Verbose"]


def test_an_error_of_the_users_own_code_is_shown_unchanged(shown):
    assert "ZeroDivisionError" in shown["caught"]
    assert "The brief is empty" in shown["caught"]
    assert "1 / 0" in shown["caught"]


def test_without_a_shell_the_traceback_is_the_one_of_python():
    with pytest.raises(InvalidInput) as caught:
        raise InvalidInput("What", cause="Why.")
    lines = caught.value._render_traceback_()
    assert lines == traceback_lines(caught.value) == traceback.format_exception(caught.value)


def test_the_console_of_spyder_has_no_widgets_and_its_notebooks_do() -> None:
    spyder = type("SpyderKernel", (), {"__module__": "spyder_kernels.console.kernel"})()
    usual = type("IPythonKernel", (), {"__module__": "ipykernel.ipkernel"})()
    from_cell, from_console = {"metadata": {"cellId": "a"}}, {"metadata": {}}
    assert lacks_widgets(spyder, from_console, {})
    assert not lacks_widgets(spyder, from_cell, {})
    assert not any(lacks_widgets(usual, request, {}) for request in (from_cell, from_console, {}))
    assert not lacks_widgets(None, {}, {})


def test_deepnote_has_no_widgets_but_its_kernel_inside_vs_code_has():
    project = {"DEEPNOTE_PROJECT_ID": "6b1f0a8e"}
    assert lacks_widgets(None, {}, project)
    assert not lacks_widgets(None, {}, project | {"DEEPNOTE_RUNTIME__RUNNING_IN_DETACHED_MODE": "true"})


def test_a_kernel_inside_an_application_has_no_widgets():
    inprocess = type("InProcessKernel", (), {"__module__": "ipykernel.inprocess.ipkernel"})()
    assert lacks_widgets(inprocess, {}, {})


@pytest.mark.parametrize(("render_mode", "expected"), [("auto", False), ("widget", False), ("html", True)])
def test_the_configured_mode_decides_where_the_host_has_widgets(render_mode, expected):
    assert without_widgets(render_mode) is expected


def test_a_page_that_keeps_snapshots_counts_whatever_others_report():
    pages = Pages()
    assert not pages.may_keep_snapshots
    pages.note_request({"metadata": {"deletedCells": []}})
    assert pages.may_keep_snapshots
    pages.note_report(keeps_snapshots=False)
    assert not pages.may_keep_snapshots
    pages.note_report(keeps_snapshots=True)
    pages.note_report(keeps_snapshots=False)
    assert pages.may_keep_snapshots


IN_SESSION = {"JPY_SESSION_NAME": "a.ipynb"}


@pytest.mark.parametrize(
    ("environment", "file", "metadata", "expected"),
    [
        (IN_SESSION, "kernel-1.json", {}, True),
        (IN_SESSION, "kernel-1.json", {"deletedCells": []}, False),
        (IN_SESSION, "tmp1.json", {}, False),
        ({}, "kernel-1.json", {}, False),
    ],
)
def test_a_server_that_runs_the_cells_says_nothing_about_them(monkeypatch, environment, file, metadata, expected):
    kernel = SimpleNamespace(parent=SimpleNamespace(connection_file=f"/run/{file}"))
    header = {"metadata": metadata, "content": {"allow_stdin": False}}
    shell = SimpleNamespace(kernel=kernel, parent_header=header)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert application.server_executes() is expected
    # A program offers no `input` either, and only where it is none may the outputs not be replaced.
    assert application.updates_are_appended() is expected
    assert executed_by_program() is not expected
    pages = Pages()
    pages.note_request(header)
    assert pages.may_keep_snapshots is (expected or bool(metadata))


class Shell:
    """What `get_ipython` gives in a kernel that runs a cell with this metadata; without any, in a terminal."""

    def __init__(self, metadata: dict[str, object] | None) -> None:
        self.kernel = None if metadata is None else object()
        self.parent_header = {"metadata": metadata or {}}


@pytest.mark.parametrize(
    ("metadata", "environment", "name"),
    [
        (None, {}, "IPython in a terminal"),
        ({"deletedCells": [], "cellId": "a"}, {"VSCODE_PID": "1"}, "JupyterLab or Notebook 7"),
        ({"cellId": "a"}, {"VSCODE_PID": "1"}, "VS Code"),
        ({}, {"DEEPNOTE_PROJECT_ID": "a"}, "a host without widgets"),
        ({}, {}, "a notebook"),
    ],
)
def test_it_names_what_shows_the_notebook(
    metadata: dict[str, object] | None, environment: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("VSCODE_PID", "VSCODE_CWD", "DEEPNOTE_PROJECT_ID"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("IPython.get_ipython", lambda: Shell(metadata))
    assert host_name() == name


def test_a_script_has_no_notebook() -> None:
    assert host_name() == "Python without a notebook"


def in_cell(monkeypatch: pytest.MonkeyPatch, kernel: object, allow_stdin: object) -> None:
    """Run in a cell of a kernel, or in none."""
    shell = types.SimpleNamespace(kernel=kernel, parent_header={"content": {"allow_stdin": allow_stdin}})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)


@pytest.mark.parametrize(
    ("kernel", "allow_stdin", "expected"),
    [(object(), True, True), (object(), False, False), (object(), None, False), (None, True, False)],
    ids=["notebook", "program", "unknown", "terminal"],
)
def test_a_person_is_asked_in_interactive_notebooks_only(
    monkeypatch: pytest.MonkeyPatch, kernel: object, allow_stdin: object, expected: bool
) -> None:
    in_cell(monkeypatch, kernel, allow_stdin)
    assert can_confirm() is expected


def test_nobody_is_asked_from_another_thread_or_in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    in_cell(monkeypatch, object(), allow_stdin=True)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(can_confirm).result() is False
    monkeypatch.setattr(runtime, "IN_BROWSER", True)
    assert can_confirm() is False


def test_nobody_is_asked_without_a_shell() -> None:
    assert can_confirm() is False


@pytest.fixture
def marimo(monkeypatch):
    made = ModuleType("marimo._runtime.context")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def visited(marimo, visitor, cell):
    visitor.execution_context = None if cell is None else SimpleNamespace(cell_id=cell)
    marimo.get_context = lambda: visitor
    return marimo_cell_ref()


def test_where_the_server_runs_the_cells_their_code_distinguishes_them(monkeypatch):
    def ran(code, execution):
        header = {"header": {"msg_id": execution}, "metadata": {}, "content": {"code": code}}
        kernel = SimpleNamespace(parent=SimpleNamespace(connection_file="/run/kernel-1.json"))
        shell = SimpleNamespace(kernel=kernel, parent_header=header)
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
        return cell_ref()

    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    first, again, other = ran("start()", "1"), ran("start()", "2"), ran("start() ", "3")
    assert first.cell == again.cell != other.cell
    assert (first.execution, again.execution) == ("1", "2")
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert ran("start()", "4") is None


def test_a_cell_is_the_same_each_time_and_each_time_another_execution(marimo):
    visitor = SimpleNamespace()
    first, again, other = (visited(marimo, visitor, cell) for cell in ("Hbol", "Hbol", "MJUe"))
    assert first.cell == again.cell != other.cell
    assert len({first.execution, again.execution, other.execution}) == 3
    assert marimo_cell_ref() == other


def test_two_visitors_of_an_app_have_cells_of_their_own(marimo):
    cells = {visited(marimo, SimpleNamespace(), "Hbol").cell for _ in range(2)}
    assert len(cells) == 2


def test_between_cells_and_with_another_marimo_nothing_is_known(marimo, monkeypatch):
    assert visited(marimo, SimpleNamespace(), None) is None
    del marimo.get_context
    assert marimo_cell_ref() is None
    monkeypatch.delitem(sys.modules, marimo.__name__)
    assert marimo_cell_ref() is None


WIDGET, METADATA = {"text/plain": "a widget"}, {"text/plain": {"isolated": True}}
SNAPSHOT, OTHER = {"text/plain": "a snapshot"}, {"text/plain": "another"}


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each output has shown, in order, by its display id."""
    return keep_outputs(monkeypatch)


def test_an_output_is_replaced_by_its_display_id(displayed):
    first, second = show(WIDGET, METADATA), show(OTHER)
    replace(first, SNAPSHOT)
    assert displayed == {first: [(WIDGET, METADATA), SNAPSHOT], second: [OTHER]}


def test_a_snapshot_replaces_every_widget_and_a_widget_comes_back_in_its_place(displayed):
    outputs = Outputs()
    assert not outputs
    outputs.add(WIDGET, METADATA)
    outputs.add(WIDGET, METADATA)
    assert outputs
    outputs.replace(SNAPSHOT)
    outputs.replace(WIDGET, METADATA)
    (first, second) = displayed.values()
    assert first == second == [(WIDGET, METADATA), SNAPSHOT, (WIDGET, METADATA)]
