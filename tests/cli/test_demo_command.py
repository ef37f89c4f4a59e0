"""`origami-widgets demo`, in JupyterLab and in the terminal."""

import re
import signal
import tempfile
from pathlib import Path

import httpx
import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.cli import demo_command as demo
from origami_widgets.cli.main import main


def test_the_demo_in_the_terminal(monkeypatch, capsys):
    monkeypatch.setattr(demo, "TERMINAL_SPEED", 600.0)
    # A key of the user, which must not be used.
    monkeypatch.setenv("ORIGAMI_API_KEY", "og_live_aaaaaaaaaaaaaaaa")
    monkeypatch.setenv("ORIGAMI_BASE_URL", "https://origami.invalid/api/v2")
    assert main(["demo", "--terminal"]) == 0
    output = capsys.readouterr()
    assert f"UTC  ● Running: {demo.BRIEF}" in output.out
    assert f"\n✓ Completed · {demo.BRIEF}\n" in output.out
    assert "sandbox" in output.out
    assert output.err == ""


@pytest.mark.posix
def test_an_interrupt_ends_the_demo(api):
    watching = api.command("demo", "--terminal")
    assert "Running" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=20)
    assert (watching.returncode, err) == (0, "Stopped. The sandbox has ended, and its run with it.\n")
    assert out == ""


@pytest.mark.slow
def test_the_demo_in_jupyterlab(api, tmp_path):
    """JupyterLab opens the quickstart from a given folder."""
    folder = tmp_path / "mine"
    settings = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path / "home"), "DISPLAY": "", "CI": "1"}
    serving = api.command("demo", str(folder), environment=settings)
    assert str(folder) in serving.stdout.readline()
    address = re.compile(r"(http://127\.0\.0\.1:\d+/)lab/tree/quickstart\.ipynb\?token=(\w+)")
    base, token = next(found for line in serving.stderr if (found := address.search(line))).groups()
    listed = f"{base}api/contents/quickstart.ipynb?token={token}"
    # JupyterLab prints its address shortly before it answers there.
    with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=20) as client:
        cells = client.get(listed).json()["content"]["cells"]
    assert "ow.use_sandbox(" in "".join(cell["source"] for cell in cells)
    serving.send_signal(signal.SIGTERM)
    out, _ = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert out.endswith("Stopped.\n")
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == ["quickstart.ipynb"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(listed, timeout=5)


def test_the_notebook_is_written_into_a_folder_of_its_own_and_replaces_none(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = demo.demo_folder(None)
    assert folder.parent == tmp_path
    assert (folder / demo.QUICKSTART).exists()
    (folder / demo.QUICKSTART).write_text("mine")
    assert demo.demo_folder(folder) == folder
    assert (folder / demo.QUICKSTART).read_text() == "mine"
    for wrong in (folder / demo.QUICKSTART, Path("~nobody-of-that-name/\0")):
        with pytest.raises(InvalidInput, match="folder can't be used"):
            demo.demo_folder(wrong)


@pytest.mark.parametrize("unattended", ["", "1"])
def test_a_browser_opens_where_somebody_sees_it(tmp_path, monkeypatch, unattended):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("CI", unattended)
    command = demo.lab_command(tmp_path, None, open_browser=True)
    assert ("--no-browser" in command) == bool(unattended)


@pytest.mark.posix
def test_a_jupyterlab_that_does_not_start_is_a_failure(tmp_path, monkeypatch, capfd):
    (tmp_path / "jupyterlab.py").write_text("raise SystemExit('it is broken')")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert main(["demo", "--no-browser"]) == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert capfd.readouterr().err == "it is broken\nJupyterLab ended with code 1.\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--port", "0"], "--port was 0."),
        (["--port", "70000"], "--port was 70000."),
        (["folder", "--terminal", "--port", "1"], "together with FOLDER and --port"),
    ],
)
def test_wrong_arguments_are_errors(capsys, arguments, expected):
    assert main(["demo", *arguments]) == 2
    assert expected in capsys.readouterr().err
