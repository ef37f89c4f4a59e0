"""Kill -9 of a kernel at random moments of a notebook that starts, answers, follows up and starts a batch, all under `once=`.

`python -m tests.bench.bench_kills`, two minutes. Requests are lost on the way beside that. The runs are counted at the
server: at the end of the notebook there must be as many as it asks for, whatever the kernels before it had begun.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.front import Front, forgotten, kept_off, lost
from tests.support.server import RawServer, answer, reset

KILLS = 100
KILLS_OF_ONE = 6
INTENTS = 5
FAULTS = (forgotten(answer({}, 500)), forgotten(reset()), lost(reset()), kept_off(answer({}, 503)))
NOTEBOOK = """
import origami_widgets as ow
from origami_widgets.run.starts import reconcile
reconcile.LOOKS = reconcile.LOOKS_AFTER_FAILURE = (0.05, 0.2)
run = ow.start("List bakers in Porto. scenario:needs_input", once="porto", show=False).wait(timeout=60)
run.answer("Iberia", "yes").wait(timeout=60)
run.follow_up("Add their opening hours").wait(timeout=60)
towns = [f"List bakers in {town}. scenario:answer" for town in ("Faro", "Lagos")]
ow.start_many(towns, once="algarve", show=False).wait(timeout=60)
"""


def kernel(environment: dict[str, str]) -> subprocess.Popen[str]:
    """Another kernel that runs the notebook."""
    return subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def killed(running: subprocess.Popen[str], front: Front, chance: random.Random) -> bool:
    """Kill a kernel some time after it has sent a few requests; False when it had ended by then."""
    wanted = len(front.starts) + chance.randint(0, 2)
    ends = time.monotonic() + 8
    while running.poll() is None and time.monotonic() < ends and len(front.starts) < wanted:
        time.sleep(0.002)
    time.sleep(chance.random() * chance.choice([0.02, 0.2, 0.8]))
    was_running = running.poll() is None
    if was_running:
        running.send_signal(signal.SIGKILL)
    running.communicate()
    return was_running


def notebook_with_kills(chance: random.Random) -> tuple[int, int, str]:
    """How many kernels were killed, how many runs there are in the end, and what went wrong."""
    front = Front(speed=400, plan="ultra")
    kills = 0
    with RawServer(front) as server, tempfile.TemporaryDirectory() as folder:
        own: dict[str, Any] = {
            "ORIGAMI_API_KEY": front.sandbox.api_key,
            "ORIGAMI_BASE_URL": server.base_url,
            "ORIGAMI_WIDGETS_DATA": folder,
        }
        environment = {**os.environ, **own}
        for _ in range(KILLS_OF_ONE):
            front.faults = [chance.choice(FAULTS)] if chance.random() < 0.5 else []
            kills += killed(kernel(environment), front, chance)
        front.faults = []
        last = kernel(environment)
        problem = last.communicate(timeout=120)[1]
        return kills, len(front.runs()), problem if last.returncode else ""


def main() -> int:
    """Print the figures; returns 1 when a notebook has paid for more or fewer runs than it asks for, or has no end."""
    chance = random.Random(0)  # noqa: S311 - the same moments each time, as far as a machine keeps them
    kills, notebooks, wrong = 0, 0, []
    while kills < KILLS:
        killed_now, runs, problem = notebook_with_kills(chance)
        kills, notebooks = kills + killed_now, notebooks + 1
        if runs != INTENTS or problem:
            wrong.append(f"notebook {notebooks}: {runs} runs for {INTENTS} intents. {problem}")
    print(f"kernels killed  notebooks  with {INTENTS} runs")
    print(f"{kills:14} {notebooks:10} {notebooks - len(wrong):12}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
