"""What an error shows in IPython: the person's own line and what went wrong, and everything to whoever wants it."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.host.application import traceback_lines

PROGRAM = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="NoColor")
said = {}
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
    said[name] = out.getvalue() + err.getvalue()
print(json.dumps(said))
"""
WORDS = """The brief is empty
A run needs a prompt of 1 to 10,000 characters.
Say in a sentence or two what the agent should find or do."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each cell shows."""
    home = str(tmp_path_factory.mktemp("home"))
    environment = {"IPYTHONDIR": home, "HOME": home, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    told: dict[str, str] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("mode", ["Context", "Plain"])
def test_it_ends_at_the_line_of_the_persons_own(said, mode):
    assert "asking()" in said[mode]
    assert "return ow.start(' ', client=ow.Sandbox().client())" in said[mode]
    assert said[mode].rstrip().endswith(f"InvalidInput: {WORDS}")
    assert ".py" not in said[mode]
    assert len(said[mode].splitlines()) < 20


def test_a_debugger_and_a_verbose_traceback_have_the_rest(said):
    is_whole, depth, last = said["after"].split()
    assert (is_whole, last) == ("True", "asking")
    assert int(depth) > 3
    assert "validate.py" in said["Verbose"]
    assert WORDS in said["Verbose"]


def test_an_error_of_the_persons_own_code_is_shown_as_ever(said):
    assert "ZeroDivisionError" in said["caught"]
    assert "The brief is empty" in said["caught"]
    assert "1 / 0" in said["caught"]


def test_without_a_shell_it_is_that_of_python():
    with pytest.raises(InvalidInput) as caught:
        raise InvalidInput("What", cause="Why.")
    told = caught.value._render_traceback_()
    assert told == traceback_lines(caught.value) == traceback.format_exception(caught.value)
