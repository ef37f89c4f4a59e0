"""A key in the text of a cell is warned of once, in a shell of IPython's own; the warning never shows it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys import secret
from tests.faults.journey import KEY
from tests.faults.planted import showing

OTHER = "og_live_N0tInUse000000000"
PROGRAM = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell, shown = InteractiveShell.instance(), []
for cell in json.loads(sys.stdin.read()):
    with contextlib.redirect_stderr(io.StringIO()) as stderr, contextlib.redirect_stdout(io.StringIO()) as stdout:
        shell.run_cell(cell, store_history=True)
    shown.append(stderr.getvalue() + stdout.getvalue())
print(json.dumps(shown))
"""


def warnings_of(*cells, home):
    """What each cell says."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        check=True,
        env={"IPYTHONDIR": str(home), "HOME": str(home), "PATH": "/usr/bin:/bin"},
    )
    shown = json.loads(done.stdout)
    assert showing(shown) == []
    return [[line for line in text.splitlines() if "PastedKey" in line] for text in shown]


def test_each_cell_with_a_key_in_use_is_named_once(tmp_path):
    shown = warnings_of(
        f"import os, origami_widgets as ow\nos.environ['ORIGAMI_API_KEY'] = '{KEY}'",
        f"'{OTHER}'  # not in use, and og_live_sandbox is public",
        "ow.Sandbox().client(); ow.Client('og_live_sandbox')",
        "ow.Client()",
        f"\nclient = ow.Client('{KEY}')\nother = ow.AsyncClient('{KEY}')",
        "ow.Client(client.operations.settings.key)",
        home=tmp_path,
    )
    assert [len(lines) for lines in shown] == [0, 0, 0, 1, 1, 0]
    assert shown[3][0].startswith("In [1]:2: PastedKey: This cell contains an API key that is in use")
    assert shown[4][0].startswith("In [5]:2: ")
    for way in ("ow.login()", "keyring", "ORIGAMI_API_KEY", "Colab", "revoke"):
        assert way in shown[3][0]


def test_the_warning_as_an_error_shows_no_key(tmp_path):
    errors = (
        "import warnings, origami_widgets as ow\n%xmode Verbose\nwarnings.simplefilter('error', ow.errors.PastedKey)"
    )
    # A traceback quotes the cell itself, whose text is in front of everybody: so the key comes from another one.
    key = f"import os; os.environ['ORIGAMI_API_KEY'] = '{KEY}'"
    shown = warnings_of(errors, key, "ow.Client()", "1", home=tmp_path)
    assert [bool(lines) for lines in shown] == [False, False, True, False]


@pytest.mark.parametrize("module", [None, "IPython"])
def test_outside_ipython_no_warning_is_given(monkeypatch, module):
    if module is not None:
        monkeypatch.setitem(sys.modules, module, object())
    secret.note_key_in_use(secret.Secret(KEY))


@pytest.mark.parametrize(
    ("letter", "around"),
    [("c", "{}"), ("d", "Find bakers with {}."), ("e", "use {}--or not"), ("f", "({})")],
)
def test_a_key_in_use_is_found_in_a_text_whatever_its_letters(letter, around):
    odd = f"og_live_ab-cd_{letter}F"
    brief = around.format(odd)
    assert secret.holds_key(brief) is brief.startswith(odd)
    client = ow.Client(odd, base_url="http://127.0.0.1:9/api/v2")
    assert secret.holds_key(brief)
    with pytest.raises(InvalidInput, match="brief") as caught:
        ow.start(brief, client=client)
    assert odd not in str(caught.value)
    assert not secret.holds_key("Find blogs called og_live_posts")
