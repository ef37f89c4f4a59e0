"""The same faults, over real sockets, for this package and for released SDKs that start something long and wait for it.

Each cell is a process of its own, in the client's own environment, with a server that counts what arrives. "goes on": the
run's end was seen; "gives up": the wait ended in an error; "early": it asked again sooner than it was asked to.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.sdks import environment
from tests.bench.sdks.faults import POLLS, REDIRECT, STARTS

CLIENTS = ("origami", "openai_runs", "apify_runs", "bigquery_jobs", "replicate_predictions")
FAULTS = (*POLLS, REDIRECT, *STARTS)
AT_ONCE = 6
START_UP = 15.0
LOOPBACK_ONLY = {"NO_PROXY": "*", "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": ""}


def interpreter(client: str) -> str:
    return sys.executable if client == "origami" else environment.python()


def versions() -> dict[str, str]:
    """The version of each client, as its environment has it."""
    found = {}
    for client in CLIENTS:
        package = importlib.import_module(f"tests.bench.sdks.{client}").PACKAGE
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        asked = subprocess.run([interpreter(client), "-c", code], capture_output=True, text=True, check=True)
        found[client] = f"{package} {asked.stdout.strip()}"
    return found


def cell(client: str, fault: str) -> str:
    """Play one fault against one client, in words."""
    limit = (POLLS.get(fault) or STARTS.get(fault) or POLLS["500"]).limit
    try:
        done = subprocess.run(
            [interpreter(client), "-m", "tests.bench.sdks.play", client, fault],
            cwd=environment.environments.REPOSITORY,
            env={**os.environ, **LOOPBACK_ONLY},
            capture_output=True,
            text=True,
            timeout=limit + START_UP,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"waits > {limit:.0f} s"
    if done.returncode:
        return f"cannot be played: {done.stderr.strip().splitlines()[-1][:60]}"
    return words(fault, json.loads(done.stdout.strip().splitlines()[-1]))


def words(fault: str, seen: dict[str, Any]) -> str:
    """What became of it, in a few words."""
    end = f"gives up ({seen['error']})" if seen["error"] else "goes on"
    if fault in STARTS:
        count = "1 run" if seen["runs"] == 1 else f"{seen['runs']} runs"
        keys = {0: "no key", 1: "one key"}.get(len(seen["keys"]), f"{len(seen['keys'])} keys")
        return f"{count}, {keys}" + (", gives up" if seen["error"] else "")
    if fault == REDIRECT:
        if not seen["elsewhere"]:
            return f"not followed, {end}"
        return "KEY SENT to the other host" if any(seen["elsewhere"]) else "followed without the key"
    pause, reported = seen["pause"], seen["reported"]
    if not seen["error"] and reported and pause is not None and pause < reported - seen["slack"]:
        return f"early: {pause:.1f} of {reported:g} s"
    return end


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=CLIENTS, action="append")
    parser.add_argument("--fault", choices=FAULTS, action="append")
    options = parser.parse_args()
    clients, faults = options.client or CLIENTS, options.fault or FAULTS
    names = versions()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cells = {(fault, client): pool.submit(cell, client, fault) for fault in faults for client in clients}
        table = [["fault", *(names[client] for client in clients)]]
        table += [[fault, *(cells[fault, client].result() for client in clients)] for fault in faults]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for client in clients:
        print(f"{names[client]}: {importlib.import_module(f'tests.bench.sdks.{client}').NOTE}.")


if __name__ == "__main__":
    main()
