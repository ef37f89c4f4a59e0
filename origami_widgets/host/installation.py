"""Installed packages: in this environment, and in the Jupyter server's, which may be another one.

A notebook's kernel runs Python; its server sends the page and the JavaScript of extensions. Each has its own
environment, and the widget manager and our extension work only in the server's.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from origami_widgets.host.runtime import IN_BROWSER

DISTRIBUTION: Final = "origami-widgets"
WIDGET_MANAGER: Final = "@jupyter-widgets/jupyterlab-manager"
OF_THE_KERNEL: Final = ("ipykernel", "ipython", "jupyterlab_widgets")
OF_THE_SERVER: Final = ("jupyterlab", "notebook", "jupyter_server", "voila", "nbclassic")
_FLOOR: Final = re.compile(r"([\w.-]+)\s*>=\s*([\w.]+)")
_NEWER: Final = re.compile(r"python_version\s*>=\s*['\"]3\.(\d+)")
_BINARIES: Final = ("bin", "Scripts")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Package that this one needs.

    Attributes:
        name: the package's name on PyPI.
        floor: the lowest version that works.
        installed: the installed version; None if it is missing.
    """

    name: str
    floor: str
    installed: str | None

    @property
    def is_met(self) -> bool:
        """Whether a version that works is installed."""
        return self.installed is not None and _numbers(self.installed) >= _numbers(self.floor)


@dataclass(frozen=True, slots=True)
class JupyterServer:
    """Environment of the Jupyter server.

    Attributes:
        prefix: the folder of the environment.
        is_running: whether a running server was found; if not, this is the server that this environment would start.
        versions: package versions.
        widget_manager: version of the extension that shows ipywidgets; None if it is missing.
        extension: version of our extension; None if it is missing.
    """

    prefix: Path
    is_running: bool
    versions: dict[str, str]
    widget_manager: str | None
    extension: str | None

    @property
    def python(self) -> Path:
        """The environment's Python, for the user to call."""
        return next(
            (path for name in _BINARIES for path in (self.prefix / name).glob("python*") if path.stem == "python"),
            self.prefix / "python",
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is not the environment of this process."""
        return self.prefix.resolve() != Path(sys.prefix).resolve()


def requirements() -> list[Requirement]:
    """Return the packages that this one always needs, with their lowest working and their installed versions."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = [_FLOOR.match(line) for line in lines if _applies(line)]
    # Of several floors, the one for the newest Python is the last.
    floors = {each[1]: each[2] for each in found if each}
    installed = versions(*floors)
    return [Requirement(name, floor, installed.get(name)) for name, floor in floors.items()]


def _applies(line: str) -> bool:
    """Return whether a requirement of this package holds here, by the markers that its pyproject.toml uses."""
    if "extra ==" in line or (IN_BROWSER and "emscripten" in line):
        return False
    newer = _NEWER.search(line)
    return newer is None or sys.version_info >= (3, int(newer[1]))


def versions(*names: str) -> dict[str, str]:
    """Return the installed versions of packages. Missing ones are left out."""
    return {name: each.version for name in names for each in [*metadata.distributions(name=name)][:1]}


def jupyter_server() -> JupyterServer | None:
    """Return the environment of this kernel's server, or of the server that could be started here.

    None if neither is known: the server runs on another machine, or Jupyter is not installed.
    """
    prefix = _prefix_of_server()
    if prefix is None and not versions("jupyterlab", "notebook"):
        return None
    is_running, prefix = prefix is not None, prefix or Path(sys.prefix)
    return JupyterServer(
        prefix=prefix,
        is_running=is_running,
        versions=_versions_in(prefix),
        widget_manager=_extension_in(prefix, WIDGET_MANAGER),
        extension=_extension_in(prefix, DISTRIBUTION),
    )


def shown_path(path: Path) -> str:
    """Return a path without the user name of the home folder that it is in."""
    try:
        return f"~{os.sep}{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without trailing zeros and suffixes (rc1, .dev0)."""
    release = re.match(r"[\d.]*", version)
    numbers = [int(part) for part in re.findall(r"\d+", release[0] if release else "")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _versions_in(prefix: Path) -> dict[str, str]:
    folders = [str(path) for path in (*prefix.glob("lib/python*/site-packages"), prefix / "Lib" / "site-packages")]
    found = {each.name.lower().replace("-", "_"): each.version for each in metadata.distributions(path=folders)}
    return {name: found[name] for name in (*OF_THE_SERVER, "jupyterlab_widgets") if name in found}


def _extension_in(prefix: Path, name: str) -> str | None:
    """Return the version of a JupyterLab extension; None if a server of this environment would not find it."""
    for folder in _data_folders(prefix):
        # A damaged file is passed over, as by the server.
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            about = json.loads((folder / "labextensions" / name / "package.json").read_text(encoding="utf-8"))
            return str(about["version"])
    return None


def _data_folders(prefix: Path) -> list[Path]:
    """Return the folders where a server looks for extensions: the user's, the environment's and the system's."""
    found = [Path(path) for path in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if path]
    with contextlib.suppress(ImportError):
        from jupyter_core.paths import jupyter_data_dir

        found.append(Path(jupyter_data_dir()))
    return [*found, prefix / "share" / "jupyter", Path("/usr/local/share/jupyter"), Path("/usr/share/jupyter")]


def _prefix_of_server() -> Path | None:
    """Return the environment of the process that started this kernel, if that is a Jupyter server."""
    try:
        psutil: Any = importlib.import_module("psutil")
    except ImportError:
        # ipykernel brings it; without a kernel there is no server.
        return None
    try:
        # On Windows, the variable is a handle.
        number = int(os.environ.get("JPY_PARENT_PID", "")) if os.name != "nt" else os.getppid()
        process = psutil.Process(number)
        command = process.cmdline()
        # VS Code starts kernels itself, from a folder with "jupyter" in its name.
        is_python = "python" in Path(command[0]).name.lower()
        if not is_python or not any("jupyter" in part or "voila" in part for part in command[1:4]):
            return None
        return _prefix_of(process, command[0])
    except (ValueError, IndexError, OSError, psutil.Error):
        return None


def _prefix_of(process: Any, python: str) -> Path:
    # Not the process's own file, which in a virtual environment is a link to another Python.
    if not Path(python).is_absolute():
        if home := process.environ().get("VIRTUAL_ENV"):
            return Path(home)
        python = process.exe()
    folder = Path(python).parent
    return folder.parent if folder.name in _BINARIES else folder
