"""What `import origami_widgets` costs over a bare interpreter: at most 15 ms.

Bare interpreters and importing ones are started in turns, so that whatever else the machine does falls on both alike.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

BUDGET_MS = 15.0
WARM_UP = 3


def milliseconds(code: str) -> float:
    """Return how long an interpreter takes to run `code`, from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    return (time.perf_counter() - began) * 1000


def measure(rounds: int) -> tuple[float, float]:
    """Return the medians in ms of a bare interpreter and of the difference to one that imports the package."""
    for _ in range(WARM_UP):
        milliseconds("import origami_widgets")
    pairs = [(milliseconds("pass"), milliseconds("import origami_widgets")) for _ in range(rounds)]
    return statistics.median(bare for bare, _ in pairs), statistics.median(full - bare for bare, full in pairs)


def main() -> int:
    """Print the numbers; returns 1 when the budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    bare, cost = measure(parser.parse_args().rounds)
    print(f"bare interpreter {bare:.1f} ms; import origami_widgets adds {cost:.1f} ms (at most {BUDGET_MS:.0f} ms)")
    return 0 if cost <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
