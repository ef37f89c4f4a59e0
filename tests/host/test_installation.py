"""What is installed, in this environment and in that of the server."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

import origami_widgets as ow
from origami_widgets.host.installation import Requirement, jupyter_server, requirements, shown_path

if TYPE_CHECKING:
    from origami_widgets.run.doctor import SetupReport

numbers = st.lists(st.integers(0, 99), min_size=1, max_size=4)


def dotted(parts: list[int]) -> str:
    return ".".join(map(str, parts))


@given(numbers, numbers)
def test_versions_are_compared_by_their_numbers(floor: list[int], installed: list[int]) -> None:
    is_met = Version(dotted(installed)) >= Version(dotted(floor))
    # One that comes before a release counts as that release.
    for end in ("", "rc1", ".dev0", "+local.1"):
        assert Requirement("x", dotted(floor), f"{dotted(installed)}{end}").is_met == is_met


def test_what_is_missing_is_not_met() -> None:
    assert not Requirement("x", "0", None).is_met


def test_the_requirements_are_those_of_the_package() -> None:
    found = {each.name: each for each in requirements()}
    assert {"anywidget", "httpx", "pandas"} <= found.keys()
    assert "starlette" not in found, "extras are not always needed"
    assert all(each.is_met for each in found.values())


def test_floors_for_a_newer_python_count_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["pandas>=2.2", "pandas>=2.3.3; python_version >= '3.11'", 'pandas>=99; python_version >= "3.99"']
    lines += ["truststore>=0.10; sys_platform != 'emscripten'", "keyring>=25; extra == 'keyring'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: lines)
    assert {each.name: each.floor for each in requirements()} == {"pandas": "2.3.3", "truststore": "0.10"}
    monkeypatch.setattr("origami_widgets.host.installation.IN_BROWSER", True)
    assert {each.name for each in requirements()} == {"pandas"}


def test_the_lowest_versions_have_wheels_for_the_newest_python() -> None:
    """As the registries have them; what is older would be built from source, which fails without a compiler."""
    found = [line.replace('"', "'") for line in metadata.requires("origami-widgets") or ()]
    of_newest = {line.partition(";")[0] for line in found if "python_version >= '3.14'" in line}
    assert of_newest == {"pandas>=2.3.3", "msgspec>=0.20", "pyarrow>=22"}


def test_an_extension_of_the_person_counts_for_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "labextensions" / "origami-widgets" / "package.json"
    about.parent.mkdir(parents=True)
    about.write_text(json.dumps({"version": "9.9"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    server = jupyter_server()
    assert server is not None
    assert (server.extension, server.is_running, server.is_elsewhere) == ("9.9", False, False)
    assert server.python.exists()


def test_a_person_s_name_is_not_in_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shown_path(tmp_path / "env") == "~/env"
    assert shown_path(Path(sys.executable)) == sys.executable


DAMAGED = {
    "list": b'["version"]',
    "text": b'"9.9"',
    "null": b"null",
    "cut": b'{"version": "9.',
    "empty": b"",
    "binary": bytes(range(256)),
}


@pytest.mark.sweep
@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_doctor_reads_on_after_a_damaged_extension(
    text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = doctor_with(text, tmp_path, monkeypatch)
    assert report.server_versions["origami-widgets extension"] == "9.8"


def doctor_with(text: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SetupReport:
    """Run `doctor` with an extension whose `package.json` has a text, before a sound one."""
    for name in ("damaged", "sound"):
        (folder / name / "labextensions" / "origami-widgets").mkdir(parents=True)
    damaged, sound = (folder / name / "labextensions/origami-widgets/package.json" for name in ("damaged", "sound"))
    sound.write_text('{"version": "9.8"}')
    damaged.write_bytes(text)
    monkeypatch.setenv("JUPYTER_PATH", f"{folder / 'damaged'}{os.pathsep}{folder / 'sound'}")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    return ow.doctor(client=ow.Sandbox().client())
