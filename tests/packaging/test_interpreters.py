"""The wheel in an environment of its own without Node, on each Python of this machine, and at the lowest versions allowed.

A Python that is not here is skipped, and the line says so. Those of the machine that runs the tests are always there.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.packaging.conftest import REPOSITORY
from tests.packaging.fresh import UV, call, environment, install
from tests.packaging.interpreters import RUNNING, SUPPORTED, candidates, interpreter, starts

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = REPOSITORY / "requirements-dev.lock"
LOWEST = REPOSITORY / "tests" / "kernels" / "locks" / "floors.txt"
FRONT_END = ("card.js", "board.js", "grid.js", "page.css")
TOOLS = ("hypothesis", "keyring", "pytest", "pytest-asyncio", "pytest-timeout", "pyyaml")
# Quick, without sockets, kernels and extras, and of each layer of the package.
PURE = (
    *("api/test_errors.py", "api/background/test_loop.py", "api/test_retries.py"),
    *("card/render/test_card_text.py", "card/view/test_result.py", "card/view/test_table_view.py"),
    *("frames/economics/test_table_economics.py", "frames/test_values.py"),
    *("run/polling/test_schedule.py", "run/test_reduce.py"),
)
LIFE = """
import json, sys, warnings
# What a newer Python or NumPy is going to take away warns first; of others' code that is not ours to mend.
warnings.filterwarnings("error", module="origami_widgets")
warnings.filterwarnings("ignore", "\\s*Pyarrow will become a required dependency")
import origami_widgets as ow

# Every public name, so that each module and each dependency is loaded from what the wheel brought.
names = [name for name in ow.__all__ if getattr(ow, name) is not None]
ow.configure(client=ow.Sandbox(speed=600).client())
run = ow.start("Find bakeries in Porto with a web shop")
run.wait("cells")
columns, leads, card = ow.columns_frame(run), ow.leads_frame(run.tables[0]), ow.RunCard(run)
sent = [widget.get_state() for widget in (card, ow.RunBoard([run]), ow.LeadGrid(run))]
print()
print(json.dumps({
    "file": ow.__file__, "python": "%d.%d" % sys.version_info[:2], "status": card.status, "settled": run.settled,
    "columns": len(columns), "leads": len(leads), "html": run.to_html(), "text": str(run), "version": ow.__version__,
    "names": len(names), "front end": [*(state["_esm"] for state in sent), sent[0]["_css"]],
}))
"""


def lead(python: Path, folder: Path) -> dict[str, Any]:
    """Lead a run from its start to its frames, and return what came of it."""
    lines = call(str(python), "-I", "-c", LIFE, folder=folder, path=False).splitlines()
    return json.loads(lines[-1])


def check(life: dict[str, Any], version: str, environment_of_its_own: Path) -> None:
    assert str(life["file"]).startswith(str(environment_of_its_own)), "the wheel is tested, not the working tree"
    assert [life["python"], life["status"], life["settled"]] == [version, "completed", True]
    assert int(life["columns"]) > 5
    assert int(life["leads"]) > 5
    assert "Completed" in str(life["text"])
    assert "Completed" in str(life["html"])


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_wheel_works_with_the_newest_of_everything(wheel: Path, tmp_path: Path, version: str) -> None:
    found = interpreter(version)
    if found is None:
        pytest.skip(f"this machine has no Python {version}: the package was not tried there")
    python = environment(tmp_path / "environment", found)
    tools = () if version == RUNNING else TOOLS
    install(python, f"{wheel}[sandbox]", *tools, constraints=NEWEST)
    life = lead(python, tmp_path)
    check(life, version, tmp_path)
    # The tests of the running one have run already.
    if version == RUNNING:
        assert wheel.name.startswith(f"origami_widgets-{life['version']}-")
        with zipfile.ZipFile(wheel) as archive:
            built = [archive.read(f"origami_widgets/card/static/{name}").decode() for name in FRONT_END]
        assert life["front end"] == built
        assert "sandbox" in call(str(python.with_name("origami-widgets")), "--help", path=False)
    else:
        shutil.copytree(REPOSITORY / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
        said = call(
            *(str(python), "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-k", "not pyarrow"),
            *("-m", "not slow and not clock"),
            *(f"tests/{name}" for name in PURE),
            folder=tmp_path,
        )
        passed = re.search(r"(\d+) passed", said)
        assert passed is not None
        assert int(passed[1]) > 500


def test_the_wheel_works_with_the_lowest_of_everything(wheel: Path, tmp_path: Path) -> None:
    lowest = SUPPORTED[0]
    found = interpreter(lowest)
    if found is None:
        pytest.skip(f"this machine has no Python {lowest}: the floors were not tried there")
    python = environment(tmp_path / "environment", found)
    install(python, f"{wheel}[sandbox]", constraints=LOWEST)
    check(lead(python, tmp_path), lowest, tmp_path)


def test_the_running_python_is_supported_and_found() -> None:
    assert RUNNING in SUPPORTED
    assert interpreter(RUNNING) == sys.executable


def test_a_name_that_leads_nowhere_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(candidates("3.99"))[:1] == [str(shim)]
    assert not starts(str(shim), "3.99")
    assert interpreter("3.99") is None


def test_for_a_python_that_is_not_here_every_wheel_exists_at_least(wheel: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text(f"{wheel}[sandbox]", encoding="utf-8")
    for version in (version for version in SUPPORTED if interpreter(version) is None):
        found = call(
            *(*UV, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", version),
            *("--only-binary", ":all:", "--constraints", str(NEWEST), str(wanted)),
        )
        assert "pandas==" in found
