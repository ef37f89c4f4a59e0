"""The skill for assistants: up to date, within the format, and all that it tells them runs."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING

import pytest
import yaml

import origami_widgets as ow
from notebooks.site import assistants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = assistants.SKILL.read_text("utf-8")
LONGEST_DESCRIPTION, MOST_LINES = 1024, 500
"""Limits of https://agentskills.io."""


def test_it_is_generated() -> None:
    assert assistants.skill() == TEXT, "Run python -m tests.fixtures."


def test_its_head_is_that_of_a_skill() -> None:
    head = yaml.safe_load(TEXT.split("---\n")[1])
    assert head["name"] == assistants.SKILL.parent.name
    assert 0 < len(head["description"]) <= LONGEST_DESCRIPTION
    assert len(TEXT.splitlines()) < MOST_LINES


def test_what_goes_wrong_most_comes_first() -> None:
    first = TEXT.partition("## Rules")[0]
    for word in ("Starting twice", "once=", "credit_limit=", "polling", 'run.wait("cells")'):
        assert word in first


def test_every_name_in_it_exists() -> None:
    named = set(re.findall(r"\bow\.(\w+)", TEXT))
    assert named - {"NAME", "aio"} <= set(ow.__all__)
    assert {name for name in set(ow.__all__) - assistants.reference.ALONE if f"`ow.{name}`" not in TEXT} == set()
    assert all(hasattr(ow.Run, name) for name in re.findall(r"\brun\.(\w+)", TEXT))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path / "names"))
    monkeypatch.setattr(builtins, "print", lambda *_, **_options: None)
    yield tmp_path
    ow.configure(client=None)


def test_its_examples_run_one_after_the_other(folder: Path) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(compile(block, "SKILL.md", "exec"), names)  # noqa: S102 - our own text
    assert {"founders.xlsx", "founders.html", "hubspot-contacts.csv"} <= {file.name for file in folder.iterdir()}
    assert names["asking"].settled  # type: ignore[attr-defined]
