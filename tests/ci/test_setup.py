"""The set-up names what it needs and does not find in one line; what Debian has, it installs where it may."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / ".ci" / "setup.sh"
NEEDED = (
    *(".ci/setup.sh", "requirements-demo.lock", "requirements-dev.lock", "requirements-node.lock"),
    *("js/package-lock.json", "js/package.json"),
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return the folder of all commands that the machine has."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("bash", "dirname", "env", "mktemp", "cat", "rm", "true"):
        (commands / name).symlink_to(shutil.which(name) or "/nowhere")
    return commands


def add(commands: Path, name: str, body: str) -> None:
    (commands / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
    (commands / name).chmod(0o755)


def setup(commands: Path, step: str) -> tuple[int, str]:
    done = subprocess.run([str(SETUP), step], env={"PATH": str(commands)}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def failure(commands: Path, step: str) -> str:
    """The one line that it fails with."""
    code, said = setup(commands, step)
    assert code == 1
    assert len(said.strip().splitlines()) == 1, said
    return said.strip()


@pytest.mark.parametrize(
    ("node", "with_npm", "is_installed"),
    [(None, True, True), ("v18.19.0", True, True), ("v20.0.0", False, True), ("v20.0.0", True, False)],
)
def test_node_comes_from_a_wheel_where_the_machine_has_none(
    bare: Path, tmp_path: Path, node: str | None, with_npm: bool, is_installed: bool
) -> None:
    for name in ("make", "find", "grep"):
        (bare / name).symlink_to(shutil.which(name) or "/nowhere")
    if node:
        add(bare, "node", f"echo {node}")
    if with_npm:
        add(bare, "npm", "exit 0")
    shutil.copy2(ROOT / "Makefile", tmp_path)
    (tmp_path / "js").mkdir()
    (tmp_path / ".ci").mkdir()
    for name in NEEDED:
        (tmp_path / name).touch()
    steps = subprocess.run(
        ["make", "--dry-run", "js/node_modules/.packages"],
        cwd=tmp_path,
        env={"PATH": str(bare)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (".ci/setup.sh node" in steps) == is_installed
    assert ".ci/setup.sh front-end" in steps


def test_npm_says_why_it_failed(bare: Path) -> None:
    add(bare, "npm", "echo noise; echo 'self-signed certificate in certificate chain' >&2; exit 1")
    code, said = setup(bare, "front-end")
    assert code == 1
    assert said.splitlines()[1:] == ["self-signed certificate in certificate chain"]


def test_a_demo_installs_a_part_of_what_contributors_install_in_the_same_versions() -> None:
    demo, dev = (
        set(re.findall(r"(?m)^[\w.-]+==\S+", (ROOT / f"requirements-{name}.lock").read_text(encoding="utf-8")))
        for name in ("demo", "dev")
    )
    assert demo < dev
    assert not {each.partition("==")[0] for each in demo} & {"mypy", "playwright", "ruff", "vl-convert-python"}


def test_python_is_missing_or_too_old(bare: Path) -> None:
    add(bare, "python3", "exit 1")
    assert "Python 3.11" in failure(bare, "python")


@pytest.mark.parametrize(("step", "package"), [("chromium", "chromium"), ("libreoffice", "libreoffice-calc-nogui")])
def test_a_debian_package_is_missing_without_apt_or_without_root(bare: Path, step: str, package: str) -> None:
    assert package in failure(bare, step)
    add(bare, "apt-get", "exit 0")
    add(bare, "id", "echo 1000")
    assert re.search(f"sudo apt-get .*{package}", failure(bare, step))


def test_chromium_is_installed_as_root_or_through_sudo(bare: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    add(bare, "apt-get", f'echo "$*" >> {log}')
    add(bare, "id", "echo 0")
    assert setup(bare, "chromium")[0] == 0
    update, install = log.read_text().splitlines()
    assert update.endswith("update")
    assert "chromium" in install.partition(" install ")[2].split()
    add(bare, "id", "echo 1000")
    add(bare, "sudo", f'echo sudo >> {log}; shift; exec "$@"')
    assert setup(bare, "chromium")[0] == 0
    assert log.read_text().count("sudo") == 3


def test_a_list_that_cannot_be_read_does_not_decide(bare: Path) -> None:
    add(bare, "apt-get", '[[ "$*" != *update ]]')
    add(bare, "id", "echo 0")
    assert setup(bare, "chromium")[0] == 0


def test_apt_that_fails_is_quoted(bare: Path) -> None:
    add(bare, "apt-get", "echo 'no such mirror' >&2; exit 100")
    add(bare, "id", "echo 0")
    code, said = setup(bare, "chromium")
    assert code == 1
    assert "no such mirror" in said


def test_chromium_that_is_there_leaves_apt_alone(bare: Path) -> None:
    add(bare, "chromium", "exit 0")
    assert setup(bare, "chromium") == (0, "")
