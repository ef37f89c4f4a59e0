"""Frames and exports with the lowest versions allowed of pandas, NumPy, Arrow and XlsxWriter."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.kernels.environments import (
    EXTRAS_OF_FRAMES,
    LOCKS,
    REPOSITORY,
    EnvironmentMissing,
    blocks,
    dependencies,
    floors_of,
    made,
)
from tests.kernels.test_environments import release

NAME = "frames-floor"
LEFT_OUT = {"test_contract.py", "test_described.py", "test_mutations.py", "test_atomic_files.py", "test_xlsx_files.py"}
LEFT_OUT |= {"test_interchange.py"}
"""They read the description of the API, drive LibreOffice, try other libraries or take long, and ask nothing of pandas that others do not ask."""

KNOWN = (
    "Deprecated in traitlets:DeprecationWarning",
    "The `ipykernel:DeprecationWarning",
    "check_hostname requires server_hostname:DeprecationWarning",
)
"""Warnings of packages at their floors: ipywidgets 7.7.1 uses what newer versions of traitlets and ipykernel warn of when a
grid is made (goes when ipywidgets 8 is the floor), and truststore 0.10.0 what Python 3.11 warns of when it is imported."""


def test_every_package_of_frames_is_at_its_floor() -> None:
    lock = blocks((LOCKS / f"{NAME}.txt").read_text(encoding="utf-8"))
    own = set(dependencies(*EXTRAS_OF_FRAMES)) - set(dependencies())
    floors = floors_of([*own, *(line for line in dependencies() if line.startswith("pandas"))])
    lowest = {name: min(map(release, re.findall(rf"(?m)^{name}==([\d.]+)", lock[name]))) for name in floors}
    assert lowest == {name: release(low) for name, low in floors.items()}


def test_frames_pass_their_tests() -> None:
    try:
        folder = made(NAME)
    except EnvironmentMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    every = (REPOSITORY / "tests/frames").rglob("test_*.py")
    files = sorted(str(file) for file in every if file.name not in LEFT_OUT and file.parent.name != "plots")
    # With the examples in docstrings.
    examples = ["--doctest-modules", "origami_widgets/frames", "--ignore=origami_widgets/frames/plots"]
    ignored = [part for warning in KNOWN for part in ("-W", f"ignore:{warning}")]
    # What a worker of this run got is not for the run inside of it.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *ignored, *files, *examples],
        cwd=REPOSITORY,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.fail(f"{done.stdout[-8_000:]}\n{done.stderr[-2_000:]}", pytrace=False)
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) > 500
