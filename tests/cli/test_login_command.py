"""`origami-widgets login`."""

import io
import sys

import keyring
import pexpect
import pytest

from origami_widgets.cli.main import main
from origami_widgets.run import settings
from tests.cli.conftest import COMMAND
from tests.support.keys import InMemory, use_keyring

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def forget_login():
    """A login sets the key of the process: forget it."""
    yield
    settings.configure()


@pytest.fixture
def without_key(configured_api, monkeypatch):
    """No key, and no keyring."""
    monkeypatch.delenv("ORIGAMI_API_KEY")
    monkeypatch.setitem(sys.modules, "keyring", None)
    return configured_api


def test_the_key_of_the_environment_is_checked(configured_api, capsys):
    assert main(["login"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("Organization: Sandbox organization")
    assert output.err == ""
    assert configured_api.api_key not in output.out


def test_a_key_is_read_from_a_pipe(without_key, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{without_key.api_key}\n"))
    assert main(["login", "--stdin"]) == 0
    output = capsys.readouterr()
    assert "Credits: " in output.out
    assert output.err == "Nothing was stored; later commands need ORIGAMI_API_KEY.\n"


def test_a_keyring_is_suggested_where_there_is_one_and_keeps_the_key_when_told(without_key, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    ring = use_keyring(monkeypatch, InMemory())
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{without_key.api_key}\n"))
    assert main(["login", "--stdin"]) == 0
    assert capsys.readouterr().err == "Nothing was stored; --store keeps a key in the system's keyring.\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{without_key.api_key}\n"))
    assert main(["login", "--stdin", "--store"]) == 0
    output = capsys.readouterr()
    assert output.err == "The key is in the system's keyring.\n"
    assert without_key.api_key not in output.out
    assert list(ring.kept.values()) == [without_key.api_key]


@pytest.mark.usefixtures("without_key")
def test_stdin_must_not_be_a_terminal(monkeypatch, capsys):
    typed = io.StringIO("og_live_wrongwrongwrong1\n")
    typed.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["login", "--stdin"]) == 2
    output = capsys.readouterr().err
    assert output.startswith("--stdin needs a pipe\nStandard input is a terminal")
    assert "Without --stdin" in output
    assert typed.tell() == 0


@pytest.mark.parametrize(
    ("piped", "code", "title"),
    [
        ("og_live_wrongwrongwrong1\n", 1, "Invalid API key"),
        ("wrong\n", 2, "Invalid API key format"),
        ("", 2, "Nothing came from standard input"),
        ("\n", 2, "Nothing came from standard input"),
    ],
)
@pytest.mark.usefixtures("without_key")
def test_a_wrong_key_is_an_error(monkeypatch, capsys, piped, code, title):
    monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
    assert main(["login", "--stdin"]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"{title}\n")
    assert "wrong" not in output.err.replace("The key is wrong", "")


def test_a_key_as_an_argument_is_refused_and_never_repeated(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["login", "og_live_0123456789abcdef"])
    assert stopped.value.code == 2
    output = capsys.readouterr()
    assert "unrecognized arguments" in output.err
    assert "0123456789abcdef" not in output.out + output.err


@pytest.mark.posix
@pytest.mark.parametrize("is_typed", [True, False])
def test_a_typed_key_is_not_shown_and_the_prompt_can_be_left(api, tmp_path, is_typed):
    (tmp_path / "keyring.py").write_text("raise ModuleNotFoundError('No module named keyring')")
    environment = api.environment | {"ORIGAMI_API_KEY": "", "PYTHONPATH": str(tmp_path)}
    program, *before = COMMAND
    child = pexpect.spawn(program, [*before, "login"], env=environment, encoding="utf-8", timeout=20)
    child.expect(r"\(hidden\): ")
    child.waitnoecho()
    if is_typed:
        child.sendline(api.api_key)
    else:
        child.sendintr()
    rest = child.read()
    child.close()
    assert child.exitstatus == (0 if is_typed else 130)
    assert ("Organization: Sandbox organization" in rest) is is_typed
    assert api.api_key not in rest
    assert "Traceback" not in rest
