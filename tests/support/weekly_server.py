"""A server on which a search is made again and again, and kernels that do so and are killed at a step of their choice.

Each turn of an agent makes a table of its own, and finds again some of the companies that its last one has found: the
vendor keeps doubles out, but nobody promises that for all. What was handed over is counted by websites.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.counting_server import query_of
from tests.support.filling_tables import Column, FillingTable
from tests.support.spending_server import SpendingServer

if TYPE_CHECKING:
    import asyncio

    from tests.support.server import Received

BRIEF = "List bakeries in Porto"
AGAIN = 2
"""Companies that a turn finds again."""
WEEK = 7 * 86400.0
ROOT = Path(__file__).parents[2]


class WeeklyServer(SpendingServer):
    """The server. Each turn finds `cells` companies, and `AGAIN` of them are those of the turn before.

    Attributes:
        kill: which process is killed at which request: a route, how many of these pass before, whether it has an effect,
            and the process. None for none.
    """

    def __init__(self, **options: Any) -> None:
        self.kill: tuple[str, int, bool, subprocess.Popen[str]] | None = None
        super().__init__(**{"cells": 10, "agent_seconds": 0.2, "retry_after": 1, **options})

    def website(self, table: str, row: int) -> str:
        """The website of a company: those of a later table begin with the last ones of the table before."""
        at = [*self._tables].index(table)
        return f"https://c{at * (self._cells - AGAIN) + row}.example"

    def domains(self, turns: int) -> set[str]:
        """The domains of all companies that so many turns find."""
        return {f"c{number}.example" for number in range(turns * (self._cells - AGAIN) + AGAIN)}

    def _make_table(self, name: str, columns: list[Column], appears: float, **options: Any) -> FillingTable:
        table = super()._make_table(name, columns, appears, **options)
        table.columns.insert(1, Column("Website", "website", "input", appears))
        return table

    def _list_rows(self, request: Received, table_id: str) -> tuple[int, Any]:
        status, body = super()._list_rows(request, table_id)
        for number, row in enumerate(body["items"], int(query_of(request).get("cursor") or 0)):
            row["cells"]["website"] = {"type": "scalar", "value": self.website(table_id, number)}
        return status, body

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        route = self._route(request)[0]
        if self.kill is not None and self.kill[0] == route:
            wanted, left, takes_effect, process = self.kill
            self.kill = (wanted, left - 1, takes_effect, process)
            if left == 0:
                self.kill = None
                if takes_effect:
                    self.fail(route, None, takes_effect=True)
                process.send_signal(signal.SIGKILL)
                process.wait()
                if not takes_effect:
                    return
        await super()._answer(request, writer)


KERNEL = """
import json, os, signal, sys
import origami_widgets as ow
from origami_widgets import ledger
from origami_widgets.run.starts import reconcile, store
reconcile.LOOKS = reconcile.LOOKS_AFTER_FAILURE = (0.05, 0.2)
path, at, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
replace, written = store.replace_file, []

def replace_or_die(*arguments):
    written.append(arguments)
    if len(written) == at and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*arguments)
    if len(written) == at:
        os.kill(os.getpid(), signal.SIGKILL)

store.replace_file = ledger.replace_file = replace_or_die
found = ow.new_leads("BRIEF", ledger=path, show=False)
print(json.dumps([found.attrs["origami"]["period"], found["domain"].to_list(), len(written)]))
""".replace("BRIEF", BRIEF)


class Kernels:
    """Processes that make the search on one server and one ledger.

    Args:
        server: the server.
        ledger: the ledger.
    """

    def __init__(self, server: WeeklyServer, ledger: Path) -> None:
        self._server = server
        self._ledger = ledger
        self._own = {"ORIGAMI_API_KEY": server.key, "ORIGAMI_BASE_URL": server.base_url, "PYTHONPATH": str(ROOT)}

    def begin(self, at: int = 0, when: str = "after") -> subprocess.Popen[str]:
        """Make the search; the process kills itself before or after it writes a file for the `at`th time."""
        command = [sys.executable, "-c", KERNEL, str(self._ledger), str(at), when]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, text=True, env={**os.environ, **self._own}, cwd=ROOT, **pipes)

    def killed_at_write(self, at: int, when: str) -> bool:
        """Make the search, and kill the process at a file that it writes; False if it came to its end before."""
        process = self.begin(at, when)
        process.communicate(timeout=90)
        return process.returncode == -signal.SIGKILL

    def killed_at_request(self, route: str, left: int = 0, *, takes_effect: bool = True) -> bool:
        """Make the search, and kill the process when a request of it has reached the server."""
        process = self.begin()
        self._server.kill = (route, left, takes_effect, process)
        process.communicate(timeout=90)
        self._server.kill = None
        return process.returncode == -signal.SIGKILL

    def search(self) -> tuple[int, list[str], int]:
        """Make the search; return its period, the domains that it has handed over, and how many files were written."""
        return self.printed(self.begin())

    def printed(self, process: subprocess.Popen[str]) -> tuple[int, list[str], int]:
        """The same of a search that was begun."""
        said, problem = process.communicate(timeout=90)
        assert process.returncode == 0, problem
        period, domains, written = json.loads(said)
        return period, domains, written
