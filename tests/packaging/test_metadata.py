"""What an index shows about the package: its description, classifiers and extras."""

from __future__ import annotations

import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from build.util import project_wheel_metadata
from markdown_it import MarkdownIt
from trove_classifiers import classifiers as known_classifiers

import origami_widgets as ow
from tests.packaging.conftest import REPOSITORY

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

ADDRESS = "https://github.com/origami-widgets/origami-widgets"


@pytest.fixture(scope="module")
def metadata() -> Message:
    """What a wheel of this tree says, without what is in it."""
    return project_wheel_metadata(REPOSITORY, isolated=False)  # type: ignore[return-value]


def description(metadata: Message) -> str:
    return str(metadata.get_payload(decode=True), "utf-8")


def addresses(markdown: str) -> list[str]:
    """Every image and link of a Markdown text, as a reader of it finds them."""
    inside = [child for token in MarkdownIt("commonmark").parse(markdown) for child in token.children or ()]
    return [str(token.attrs[key]) for token in inside for key in ("href", "src") if key in token.attrs]


def test_the_description_is_readme_and_leads_nowhere_but_out(metadata: Message) -> None:
    assert metadata["Version"] == ow.__version__
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = description(metadata)
    assert text.startswith("# origami_widgets\n")
    found = addresses(text)
    assert "https://origami.chat" in found
    assert [address for address in found if not address.startswith(("https://", "#"))] == []
    assert f"{ADDRESS}/raw/v{ow.__version__}/notebooks/images/card.png" in found
    assert f"{ADDRESS}/blob/v{ow.__version__}/notebooks/hosts.ipynb" in found
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    code = re.compile(r"```.*?```", re.DOTALL)
    assert code.findall(text) == code.findall(readme), "examples are shown as they are"


@pytest.mark.slow
def test_the_sdist_says_what_the_wheel_says(sdist: Path, wheel: Path) -> None:
    assert wheel.name == f"origami_widgets-{ow.__version__}-py3-none-any.whl"
    assert sdist.name == f"origami_widgets-{ow.__version__}.tar.gz"
    with tarfile.open(sdist) as source, zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        file = source.extractfile(f"origami_widgets-{ow.__version__}/PKG-INFO")
        assert file is not None
        assert file.read() == archive.read(name)


def test_classifiers_exist(metadata: Message) -> None:
    named = metadata.get_all("Classifier", [])
    assert set(named) <= known_classifiers
    assert {"Framework :: Jupyter", "Typing :: Typed", "Programming Language :: Python :: 3.11"} <= set(named)


def test_all_is_every_extra_that_the_package_can_use(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {
        *("all", "demo"),
        *("excel", "keyring", "parquet", "plots", "sandbox"),
    }
    wanted: dict[str, set[str]] = {}
    for line in metadata.get_all("Requires-Dist", []):
        requirement, _, marker = line.partition("; extra == ")
        wanted.setdefault(marker.strip("'"), set()).add(requirement)
    parts = ("excel", "keyring", "parquet", "plots", "sandbox")
    assert wanted["all"] == set().union(*(wanted[extra] for extra in parts))
    assert wanted["sandbox"] < wanted["demo"]
