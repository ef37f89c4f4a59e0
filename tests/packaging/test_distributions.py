"""What is released holds the built front end, and installs and works where there is no Node."""

from __future__ import annotations

import json
import os
import re
import tarfile
import zipfile
from pathlib import Path

import origami_widgets as ow
from tests.packaging.conftest import REPOSITORY, build

STATIC = "origami_widgets/card/static"
BUILT = {
    f"{STATIC}/{name}"
    for name in ("card.js", "board.js", "leads.js", "grid.js", "page.css", "web_page.js", "web_page.css")
}
SKILL = "origami_widgets/.agents/skills/origami-widgets/SKILL.md"
ENDINGS = (".py", ".typed", ".js", ".css", ".ipynb", ".txt", ".toml", ".md")
EXTENSION = ".data/data/share/jupyter/labextensions/origami-widgets/"
WHEEL_LIMIT = 1_000_000


def wheel_contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_package_and_its_front_end_and_nothing_else(wheel: Path) -> None:
    names = set(wheel_contents(wheel))
    assert {*BUILT, SKILL, "origami_widgets/__init__.py", "origami_widgets/py.typed"} <= names
    others = {name for name in names if not name.startswith("origami_widgets/")}
    name = wheel.name.split("-py3")[0]
    assert {other.partition("/")[0] for other in others} == {f"{name}.dist-info", f"{name}.data"}
    assert all(other.startswith(f"{name}{EXTENSION}") for other in others if ".data/" in other)
    assert wheel.stat().st_size < WHEEL_LIMIT
    assert {Path(name).suffix for name in names - others} == set(ENDINGS)


def test_wheel_holds_the_one_notebook_that_the_demo_opens(wheel: Path) -> None:
    notebooks = {name: text for name, text in wheel_contents(wheel).items() if name.endswith(".ipynb")}
    original = (REPOSITORY / "notebooks" / "quickstart.ipynb").read_bytes()
    assert notebooks == {"origami_widgets/cli/quickstart.ipynb": original}


def test_wheel_metadata_names_licence_command_and_floors(wheel: Path) -> None:
    contents = wheel_contents(wheel)
    metadata = next(text for name, text in contents.items() if name.endswith(".dist-info/METADATA")).decode()
    assert "License-Expression: MIT" in metadata
    (licence,) = (text for name, text in contents.items() if name.endswith(".dist-info/licenses/LICENSE"))
    assert licence == (REPOSITORY / "LICENSE").read_bytes()
    assert "Requires-Python: >=3.11" in metadata
    assert "Requires-Dist: anywidget>=0.9.21" in metadata
    entry_points = next(text for name, text in contents.items() if name.endswith("entry_points.txt")).decode()
    assert "origami-widgets = origami_widgets.cli.main:main" in entry_points


def test_the_extension_of_jupyterlab_is_complete_and_of_the_same_version(wheel: Path) -> None:
    contents = wheel_contents(wheel)
    files = {name.partition(EXTENSION)[2]: text for name, text in contents.items() if EXTENSION in name}
    about = json.loads(files["package.json"])
    assert about["version"] == ow.__version__
    assert about["jupyterlab"]["_build"]["load"] in files
    assert json.loads(files["install.json"])["packageName"] == "origami-widgets"


def test_the_guide_that_the_palette_opens_is_that_of_the_metadata(wheel: Path) -> None:
    contents = wheel_contents(wheel)
    metadata = next(text for name, text in contents.items() if name.endswith(".dist-info/METADATA")).decode()
    (guide,) = re.findall(r"Project-URL: Documentation, (.+)", metadata)
    assert any(guide.encode() in text for name, text in contents.items() if EXTENSION in name)


def test_sdist_holds_sources_tests_and_the_built_front_end(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        *BUILT,
        SKILL,
        "js/build/labextension/package.json",
        "pyproject.toml",
        "LICENSE",
        "README.md",
        "js/package.json",
        "tests/fixtures/rows_flat.json",
    } <= names
    assert [name for name in names if "node_modules" in name or name.startswith((".venv", ".cache", "dist/"))] == []


def test_sdist_installs_without_node(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    without_node = {**os.environ, "PATH": str(tmp_path / "nowhere")}
    without_node.pop("PYTHONPATH", None)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    build(tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "out", "--wheel", environment=without_node)
    (built,) = (tmp_path / "out").glob("*.whl")
    assert wheel_contents(built) == wheel_contents(wheel)
