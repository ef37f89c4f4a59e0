"""From nothing to a live card on the sandbox: a new environment, an install, and README's first three lines.

The seconds are those of this machine and its network: `--cold` also downloads what was kept from before, `--uv` installs with uv. The wheel
is built before the clock starts, and whoever installs a release has it built already.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from tests.kernels.environments import REPOSITORY, UV, add_kernel, uv_environment
from tests.kernels.front_end import FrontEnd

GOAL_SECONDS = 60.0
NAME = "first-card"


def first_lines(markdown: str, count: int = 3) -> str:
    """Return the first statements of a page's Python examples, of which each is a line."""
    code = "".join(re.findall(r"```python\n(.*?)```", markdown, re.DOTALL))
    statements = [ast.get_source_segment(code, node) for node in ast.parse(code).body[:count]]
    return "\n".join(line for line in statements if line is not None)


def show(front_end: FrontEnd, lines: str) -> str:
    """Run the lines as one cell, and return the status that its live card shows first."""
    comm = front_end.show(lines)
    return str(front_end.models[comm]["head"]["status"])


def measure(requirement: str, folder: Path, *, uv: bool, cold: bool) -> dict[str, float]:
    """Return the seconds of each step, in their order."""
    began = [time.perf_counter()]
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    began.append(time.perf_counter())
    # The kernel is what a notebook's own environment has already.
    python = str(folder / "bin" / "python")
    command = [*UV, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    options = ["--quiet", *(["--no-cache-dir"] if cold else [])]
    subprocess.run([*command, *options, requirement, "ipykernel"], env=uv_environment(), check=True)
    began.append(time.perf_counter())
    add_kernel(NAME, folder)
    os.environ["JUPYTER_PATH"] = str(folder / "share" / "jupyter")
    manager, client = start_new_kernel(kernel_name=NAME)
    try:
        began.append(time.perf_counter())
        status = show(FrontEnd(client), first_lines((REPOSITORY / "README.md").read_text(encoding="utf-8")))
        began.append(time.perf_counter())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if status != "running":
        raise RuntimeError(f"The card should show a run that is at work, and shows {status!r}.")
    steps = (
        "new environment",
        "uv pip install" if uv else "pip install",
        "kernel starts",
        "three lines to a live card",
    )
    return dict(zip(steps, (after - before for before, after in itertools.pairwise(began)), strict=True))


def built(folder: Path) -> Path:
    """Build the wheel of the working tree."""
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> int:
    """Print the seconds; returns 1 when they are more than a minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="download everything")
    parser.add_argument("--release", metavar="VERSION", help="a release from the index, not the working tree")
    parser.add_argument("--uv", action="store_true", help="install with uv instead of pip")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        release = options.release
        requirement = f"origami-widgets[sandbox]=={release}" if release else f"{built(folder)}[sandbox]"
        seconds = measure(requirement, folder / "environment", uv=options.uv, cold=options.cold)
    for step, took in seconds.items():
        print(f"{step:28}{took:6.1f} s")
    total = sum(seconds.values())
    print(f"{'in all':28}{total:6.1f} s (less than {GOAL_SECONDS:.0f} s)")
    return 0 if total < GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
