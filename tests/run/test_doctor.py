"""`doctor` on set-ups that were broken on purpose: it finds what is wrong, names the repair, and repeats no secret."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

import origami_widgets as ow
from origami_widgets.run import settings
from tests.packaging.fresh import environment

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = "import sys; from origami_widgets.cli.main import main; sys.exit(main(['doctor', '--json']))"
CELL = "import json, origami_widgets as ow\nprint(json.dumps(ow.doctor().to_dict()))"
KEY = "og_live_0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def sandbox():
    with ow.Sandbox().serve() as served:
        yield served


@pytest.fixture
def setup(sandbox: Any, tmp_path: Path) -> dict[str, str]:
    """The variables of a process in which nothing is wrong."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORIGAMI_", "JUPYTER", "JPY_"))}
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("DATA", "CONFIG", "RUNTIME")}
    named = {"ORIGAMI_BASE_URL": sandbox.base_url, "ORIGAMI_API_KEY": sandbox.api_key}
    return kept | folders | named | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def examined(setup: dict[str, str], python: str = sys.executable) -> dict[str, Any]:
    """What the command says in a process with these variables."""
    done = subprocess.run([python, "-c", COMMAND], env=setup, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert done.returncode == bool(report["findings"])
    assert setup.get("ORIGAMI_API_KEY", KEY) not in done.stdout
    return report


def found(report: dict[str, Any]) -> dict[str, str]:
    return {finding["code"]: finding["remedy"] for finding in report["findings"]}


@pytest.fixture
def other_environment(tmp_path: Path) -> Path:
    """The Python of an environment with all our packages, but without anything that Jupyter's server looks for in it."""
    python = environment(tmp_path / "other", sys.executable)
    (packages,) = (tmp_path / "other").glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{Path(ow.__file__).parents[1]}\n")
    return python


def test_nothing_is_wrong(setup: dict[str, str]) -> None:
    report = examined(setup)
    assert report["findings"] == []
    assert report["reachable"] is True
    assert report["key"].startswith("ORIGAMI_API_KEY")
    assert {"anywidget", "pandas", "ipykernel"} <= report["versions"].keys()
    assert {"jupyterlab", "widget manager", "origami-widgets extension"} <= report["server_versions"].keys()


def test_no_key(setup: dict[str, str]) -> None:
    del setup["ORIGAMI_API_KEY"]
    report = examined(setup)
    assert "ORIGAMI_API_KEY" in found(report)["no_key"]
    assert report["reachable"] is None


@pytest.mark.parametrize("is_there", [True, False])
def test_a_key_or_an_address_that_is_wrong(sandbox: Any, is_there: bool) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/api/v2"
    report = ow.doctor(client=ow.Client(KEY, base_url=sandbox.base_url if is_there else nowhere)).to_dict()
    code, repair = ("wrong_key", "ORIGAMI_API_KEY") if is_there else ("no_network", "network")
    assert repair in found(report)[code]
    assert report["reachable"] is is_there
    assert KEY not in json.dumps(report)


@pytest.mark.slow
def test_an_old_anywidget(setup: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "old" / "anywidget-0.9.3.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: anywidget\nVersion: 0.9.3\n")
    report = examined(setup | {"PYTHONPATH": str(old.parent)})
    assert "anywidget>=0.9.21" in found(report)["old_package"]
    assert "restart the kernel" in found(report)["old_package"]


@pytest.mark.slow
def test_no_widget_manager(setup: dict[str, str], other_environment: Path) -> None:
    report = examined(setup, str(other_environment))
    assert found(report).keys() == {"no_widget_manager"}
    assert "pip install -U jupyterlab_widgets" in found(report)["no_widget_manager"]
    assert str(other_environment.parents[1]) in found(report)["no_widget_manager"]


@pytest.mark.slow
def test_kernel_and_server_in_two_environments(setup: dict[str, str], other_environment: Path, tmp_path: Path) -> None:
    """As after `ipykernel install`: the notebook's kernel is ours, and Jupyter runs elsewhere."""
    spec = tmp_path / "data" / "kernels" / "ours" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "ours", "language": "python"}))
    path = tmp_path / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), path)
    jupyter = str(Path(sys.executable).with_name("jupyter-execute"))
    command = [str(other_environment), jupyter, "--inplace", "--kernel_name=ours", str(path)]
    subprocess.run(command, env=setup, check=True, capture_output=True, timeout=120)
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    report = json.loads(output.text)
    assert report["server"] != report["kernel"]
    assert report["server_is_running"] is True
    assert found(report).keys() == {"no_widget_manager", "two_environments"}
    assert f"pip install -U origami-widgets=={ow.__version__}" in found(report)["two_environments"]
    assert str(other_environment.parents[1]) in found(report)["two_environments"]


@pytest.mark.parametrize(
    ("prepare", "source"),
    [
        (
            lambda served: ow.configure(client=ow.Client(served.api_key, base_url=served.base_url)),
            "configure(client=…)",
        ),
        (lambda served: ow.login(served.api_key, base_url=served.base_url), "ow.login()"),
    ],
)
def test_it_says_where_the_key_comes_from(
    sandbox: Any, prepare: Callable[[Any], object], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORIGAMI_API_KEY", raising=False)
    try:
        prepare(sandbox)
        report = ow.doctor()
    finally:
        settings.configure()
    assert report.key == source
    assert report.reachable is True
    assert sandbox.api_key not in str(report)


def test_as_text_it_can_be_pasted_into_an_issue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(Path(sys.prefix).parent))
    text = str(ow.doctor(client=ow.Sandbox()))
    assert str(Path(sys.prefix).parent) not in text
    assert "No problems found." in text
