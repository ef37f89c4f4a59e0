"""The environments are what their names say, and the whole package loads in each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernels import environments
from tests.kernels.environments import ALL, COLAB, LOCKS, REPOSITORY, blocks, dependencies, floors_of

if TYPE_CHECKING:
    from tests.kernels.conftest import Kernel

NAMES = "{name: getattr(ow, name) is not None for name in ow.__all__}"
VERSIONS = "__import__('importlib.metadata').metadata.version"


def floors() -> dict[str, str]:
    return floors_of(dependencies())


def release(version: str) -> list[int]:
    return [*map(int, version.split(".")), 0, 0][:3]


def pinned(name: str) -> dict[str, str]:
    """The lowest version of each package in a lock: the one for the Python that most have."""
    lock = blocks((LOCKS / f"{name}.txt").read_text(encoding="utf-8"))
    return {
        package: min(re.findall(r"(?m)^[^ =]+==([0-9]+(?:\.[0-9]+)*)", text), key=release)
        for package, text in lock.items()
    }


def test_every_dependency_is_at_its_floor() -> None:
    lock = pinned("floors")
    assert {name: release(lock[name]) for name in floors()} == {name: release(low) for name, low in floors().items()}


def test_colab_has_exactly_its_pins() -> None:
    lock = pinned("colab")
    assert [f"{name}=={lock[name]}" for name in (pin.partition("==")[0] for pin in COLAB)] == list(COLAB)


@pytest.mark.parametrize("path", sorted(LOCKS.iterdir()), ids=lambda path: path.stem)
def test_a_lock_names_versions_and_hashes_and_nothing_else(path: Path) -> None:
    assert path.stem in ALL
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in blocks(text).values())


def test_an_environment_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setattr(environments, "UV", ("false",))
    with pytest.raises(environments.EnvironmentMissing, match="colab"):
        environments.made("colab")


def test_the_kernel_has_the_pins_and_loads_everything(kernel: Kernel) -> None:
    front_end = kernel.front_end
    pins = pinned(kernel.name)
    kept = [name for name in ("ipykernel", *floors()) if name in pins]
    installed = front_end.value(f"{{name: {VERSIONS}(name) for name in {kept}}}")
    lock = blocks((LOCKS / f"{kernel.name}.txt").read_text(encoding="utf-8"))
    assert [name for name, version in installed.items() if f"{name}=={version}" not in lock[name]] == []
    assert all(front_end.value(NAMES).values())
    assert Path(front_end.value("ow.__file__")).is_relative_to(REPOSITORY)
    assert ("kernel subshells" in front_end.features()) == kernel.environment.subshells
