"""Installing into Colab adds packages and changes none: a changed one would make Colab ask for a restart of the runtime.

The image is there in name only: what an installer reads of an installed package is its metadata.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import nbformat
import pytest

from tests.kernels.environments import COLAB, blocks
from tests.packaging.conftest import REPOSITORY
from tests.packaging.fresh import UV, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIST = REPOSITORY / "tests" / "packaging" / "colab_image.txt"
JEDI = "jedi==0.19.2"
"""IPython needs it and Colab leaves it out. This is the newest for the parso of the image; whichever comes is none of ours."""


class Image(NamedTuple):
    """A Colab image in name only.

    Attributes:
        python: its interpreter.
        packages: the version of each package in it, by its name.
        constraints: a file that says which version of what it lacks is the newest.
    """

    python: Path
    packages: dict[str, str]
    constraints: Path


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("colab")
    python = environment(folder / "image", sys.executable)
    (site,) = (folder / "image").glob("lib/python3.*/site-packages")
    packages = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pin, _, needs = line.partition(": ")
            name, _, version = pin.partition("==")
            packages[name] = version
            pretend(site, name, version, needs.split(" ") if needs else [])
    newest = blocks((REPOSITORY / "requirements-dev.lock").read_text(encoding="utf-8"))
    constraints = folder / "newest.txt"
    # Without hashes: the wheel that is to be installed has none.
    pins = [text.partition(" \\")[0] for name, text in newest.items() if name not in {*packages, "jedi"}]
    constraints.write_text("\n".join([*pins, JEDI]), encoding="utf-8")
    return Image(python, packages, constraints)


def pretend(site: Path, name: str, version: str, needs: list[str]) -> None:
    """Make a package look installed."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {need}" for need in needs),
    ]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (info / "INSTALLER").write_text("pip\n", encoding="ascii")
    (info / "RECORD").write_text("", encoding="ascii")


def with_uv(image: Image, requirement: str) -> tuple[dict[str, str], set[str]]:
    """What uv would install, and what it would remove for that."""
    said = run(*UV, "pip", "install", "--dry-run", *where(image), requirement).stderr
    lines = re.findall(r"(?m)^ ([+~-]) ([^=\s]+)(?:==| @ )(\S+)", said)
    assert lines, said
    return (
        {name: version for sign, name, version in lines if sign == "+"},
        {name for sign, name, _ in lines if sign != "+"},
    )


def with_pip(image: Image, requirement: str) -> tuple[dict[str, str], set[str]]:
    """What pip would install, and what of the image it would replace."""
    command = (sys.executable, "-m", "pip", "--python", str(image.python), "--quiet", "install")
    report = run(*command, "--dry-run", "--report=-", f"--constraint={image.constraints}", requirement).stdout
    wanted = {
        re.sub(r"[-_.]+", "-", each["metadata"]["name"]).lower(): each["metadata"]["version"]
        for each in json.loads(report)["install"]
    }
    return wanted, wanted.keys() & image.packages.keys()


def where(image: Image) -> tuple[str, ...]:
    return ("--python", str(image.python), "--constraints", str(image.constraints))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def installed_by_the_notebook() -> str:
    """What the first cell of the notebook for Colab installs."""
    notebook = nbformat.read(REPOSITORY / "notebooks" / "colab.ipynb", as_version=4)
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = re.fullmatch(r'%pip install -q "origami-widgets(\[[a-z,]+\])"', first)
    assert found, first
    return found[1]


@pytest.mark.parametrize("installer", [with_uv, with_pip])
def test_the_first_cell_of_the_notebook_changes_nothing(
    image: Image, wheel: Path, installer: Callable[[Image, str], tuple[dict[str, str], set[str]]]
) -> None:
    added, changed = installer(image, f"{wheel}{installed_by_the_notebook()}")
    assert changed == set()
    assert added.keys() == {"origami-widgets", "jedi", "msgspec", "publicsuffixlist", "truststore"}


def test_all_extras_together_change_nothing(image: Image, wheel: Path) -> None:
    added, changed = with_uv(image, f"{wheel}[all]")
    assert changed == set()
    always = {"origami-widgets", "jedi", "msgspec", "publicsuffixlist", "truststore"}
    assert added.keys() == {*always, "et-xmlfile", "openpyxl", "vl-convert-python", "xlsxwriter"}


def test_the_image_has_the_pins_that_kernels_are_tested_with(image: Image) -> None:
    assert [f"{name}=={image.packages[name]}" for name in (pin.partition("==")[0] for pin in COLAB)] == list(COLAB)
