"""The environments whose kernels the card is tested in: several of ipykernel, Colab's pins, and the lowest versions allowed.

One more has no kernel: the lowest versions that frames and exports allow, with what tests need.

Each is made once, in .cache/kernels/NAME, and again when a pin changes. Everything is pinned and hashed. What the lock of an
`ipykernel-…` does not name is looked up in the tests' own environment, which it differs from in one thing: six more copies of
pandas would have to be installed and compiled. The others have nothing but what their locks name.

`python -m tests.kernels.environments` makes them all; with `--lock` it compiles their locks anew. Names after it: only these.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tests.ci.scripts import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = Path(__file__).parent / "locks"
FOLDER = REPOSITORY / ".cache" / "kernels"
UV = (sys.executable, "-m", "uv")

COLAB = (
    *("anywidget==0.9.21", "ipywidgets==7.7.1", "ipykernel==6.17.1", "ipython==7.34.0"),
    *("traitlets==5.7.1", "pandas==2.2.3", "httpx==0.28.1", "altair==5.5.0"),
)
FLOORS_NEED = ("ipykernel>=6.31", "ipython>=8.12,<8.20")
"""The newest of these that get along with the lowest traitlets."""
NOT_NEEDED = "widgetsnbextension ; python_version < '3'"
"""It brings a whole notebook server, and a kernel needs none of it."""


@dataclass(frozen=True)
class Environment:
    """One environment.

    Args:
        subshells: whether its kernel has a second line, on which it can hear while a cell runs.
        python: the version of Python it should have; where there is none, it has the tests' own.
        whole: whether its lock names everything; if not, the rest is that of the tests' own environment.
    """

    subshells: bool = False
    python: str = ""
    whole: bool = False


ENVIRONMENTS = {
    "ipykernel-6.17.1": Environment(),
    "ipykernel-6.31.0": Environment(),
    "ipykernel-7.0.1": Environment(subshells=True),
    "ipykernel-7.1.0": Environment(subshells=True),
    "ipykernel-7.3.0": Environment(subshells=True),
    "ipykernel-7.4.0": Environment(subshells=True),
    "colab": Environment(python="3.13", whole=True),
    "floors": Environment(python="3.11", whole=True),
}
WITHOUT_KERNEL = {"frames-floor": Environment(python="3.11", whole=True)}
ALL = ENVIRONMENTS | WITHOUT_KERNEL
EXTRAS_OF_FRAMES = ("excel", "parquet", "plots")
TOOLS_OF_FRAMES = (
    *("duckdb", "hypothesis", "openpyxl", "orjson", "polars"),
    *("pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "pyyaml", "tqdm"),
)
"""What the tests of frames need besides; as new as everywhere, for it is not what is tested."""


class EnvironmentMissing(RuntimeError):
    """An environment could not be made; the text says why."""


def made(name: str) -> Path:
    """Return the folder of an environment, after making it where that is due.

    Raises:
        EnvironmentMissing: it could not be made.
    """
    folder = FOLDER / name
    requirements = LOCKS / f"{name}.txt"
    python = _interpreter(ALL[name].python)
    mark = hashlib.sha256(repr((requirements.read_bytes(), python, Path(__file__).read_bytes())).encode()).hexdigest()
    stamp = folder / ".made"
    with _alone(name):
        if not (stamp.exists() and stamp.read_text(encoding="ascii") == mark):
            _make(name, folder, python, requirements)
            stamp.write_text(mark, encoding="ascii")
    return folder


def _make(name: str, folder: Path, python: str, requirements: Path) -> None:
    run_uv(name, "venv", "--quiet", "--clear", "--python", python, str(folder))
    run_uv(
        name,
        *("pip", "install", "--quiet", "--require-hashes", "--no-deps", "--python", str(folder)),
        *("--requirements", str(requirements)),
    )
    (packages,) = folder.glob("lib/python3.*/site-packages")
    # The working tree itself is tested, whatever was last installed from it.
    further = (REPOSITORY,) if ALL[name].whole else (REPOSITORY, sysconfig.get_path("purelib"))
    (packages / "origami_widgets.pth").write_text("".join(f"{path}\n" for path in further), encoding="utf-8")
    if name in ENVIRONMENTS:
        add_kernel(name, folder)


def add_kernel(name: str, folder: Path) -> None:
    """Let Jupyter find the kernel of an environment, under a name."""
    kernel = folder / "share" / "jupyter" / "kernels" / name
    kernel.mkdir(parents=True)
    argv = [str(folder / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # Without bytecode every kernel would compile pandas again; empty means unset.
    spec = {"argv": argv, "display_name": name, "language": "python", "env": {"PYTHONDONTWRITEBYTECODE": ""}}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def blocks(lock: str) -> dict[str, str]:
    """The text of each package in a lock, by its name; several versions, for several Pythons, are one text."""
    found: dict[str, str] = {}
    for part in re.split(r"\n(?=[a-z0-9])", lock):
        if "==" in part.partition("\n")[0]:
            name = part.partition("==")[0]
            found[name] = f"{found[name]}\n{part}" if name in found else part
    return found


def dependencies(*extras: str) -> list[str]:
    """What the package needs to run, with its sandbox and these extras, as `pyproject.toml` has it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(line for extra in ("sandbox", *extras) for line in optional[extra])]


def floors_of(lines: Iterable[str]) -> dict[str, str]:
    """The lowest version that each requirement allows on Python 3.11 and Linux, where the environments are made."""
    found = map(Requirement, lines)
    here = {"python_version": "3.11", "sys_platform": "linux"}
    wanted = [each for each in found if each.marker is None or each.marker.evaluate(here)]
    return {each.name: low.version for each in wanted for low in each.specifier if low.operator == ">="}


def _interpreter(version: str) -> str:
    """The interpreter to use: one of that version if there is one, else the tests' own."""
    if version and not sys.version.startswith(version):
        asked = [*UV, "python", "find", "--system", "--no-project", "--no-python-downloads", version]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip()
    return sys.executable


def run_uv(name: str, *arguments: str) -> str:
    done = subprocess.run([*UV, *arguments], capture_output=True, text=True, check=False, env=uv_environment())
    if done.returncode:
        raise EnvironmentMissing(f"The environment {name} could not be made, uv says: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def uv_environment() -> dict[str, str]:
    """The environment in which uv finds packages where pip does, and downloads no Python."""
    settings = load("pip_settings")
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    own = settings.uv_environment(settings.pip_settings(listing.stdout), dict(os.environ))
    return {**os.environ, **own, "UV_PYTHON_DOWNLOADS": "never"}


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let no other process make the same environment meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def compile_lock(name: str) -> None:
    """Compile the lock of one environment anew.

    Raises:
        EnvironmentMissing: the requirements contradict each other, or the registry does not answer.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, without = FOLDER / f"{name}.in", FOLDER / "not-needed.txt"
    without.write_text(NOT_NEEDED, encoding="utf-8")
    options: tuple[str, ...] = ("--overrides", str(without))
    if name == "colab":
        # Its Python is older, and a lock is for all of them.
        wanted = [*(line for line in dependencies() if "3.14" not in line), *COLAB]
    elif name == "floors":
        wanted = [*dependencies(), *FLOORS_NEED]
        options += ("--resolution", "lowest-direct")
    elif name == "frames-floor":
        newest = blocks((REPOSITORY / "requirements-dev.lock").read_text(encoding="utf-8"))
        tools = [newest[tool].partition(" ")[0] for tool in TOOLS_OF_FRAMES]
        wanted = [*dependencies(*EXTRAS_OF_FRAMES), *tools]
        options += ("--resolution", "lowest-direct")
    else:
        # nest-asyncio is all that ipykernel before 7.4 needs and the newest does not.
        wanted, options = [name.replace("-", "==", 1), "nest-asyncio==1.6.0"], ("--no-deps",)
    source.write_text("\n".join(wanted), encoding="utf-8")
    text = run_uv(
        name,
        *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", *options, str(source)),
    )
    (LOCKS / f"{name}.txt").write_text(text, encoding="utf-8")


def main() -> None:
    """Make all environments or those that are named, or compile their locks."""
    names = [name for name in sys.argv[1:] if name != "--lock"] or list(ALL)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(compile_lock if "--lock" in sys.argv[1:] else made, names))


if __name__ == "__main__":
    main()
