"""Kill -9 of a kernel at each request of upload, start and join: the next kernel pays for nothing twice.

Two kernels at once pay once, too. Counted at the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.own_list_server import OwnListServer

# Kernels that are killed, one after the other: a lost answer within a process is in test_upload.py.
pytestmark = pytest.mark.slow

NOTEBOOK = """
import origami_widgets as ow, pandas as pd
frame = pd.DataFrame({"website": [f"{n}.example" for n in range(250)], "n": range(250)})
table = ow.upload(frame, key="website", columns=["n"], once="crm")
run = ow.start("Find phones", focus_tables=[table], once="crm", show=False).wait(timeout=60)
found = ow.join_leads(frame, table, key="website")
assert found["website"].equals(frame["website"]), found
assert len(set(table.row_ids)) == 250
"""


def kernel(server: OwnListServer, folder: Path) -> subprocess.Popen[str]:
    own = {
        "ORIGAMI_API_KEY": server.key,
        "ORIGAMI_BASE_URL": server.base_url,
        "ORIGAMI_WIDGETS_DATA": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK],
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def killed_after(requests: int, server: OwnListServer, running: subprocess.Popen[str]) -> None:
    """Kill a kernel as soon as so many more requests have come."""
    wanted, ends = len(server.requests) + requests, time.monotonic() + 60
    while len(server.requests) < wanted and running.poll() is None and time.monotonic() < ends:
        time.sleep(0.0005)
    running.kill()
    running.communicate()


def check(server: OwnListServer) -> None:
    (table,) = server.contents
    assert server.texts(table, "website") == [f"{n}.example" for n in range(250)]
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]
    assert (len(server.runs), server.enrichments) == (1, 0)


@pytest.mark.parametrize("kills", [[1, 2], [3, 1, 5]], ids=str)
def test_a_killed_kernel_leaves_nothing_twice(tmp_path, kills):
    with OwnListServer(csv_rows=120, cells=3, cells_per_second=100, agent_seconds=2.0) as server:
        for requests in kills:
            killed_after(requests, server, kernel(server, tmp_path))
        last = kernel(server, tmp_path)
        assert last.communicate(timeout=120)[1] == ""
        assert last.returncode == 0
        check(server)


def test_two_kernels_at_once_pay_once(tmp_path):
    with OwnListServer(csv_rows=120, cells=3, cells_per_second=100, agent_seconds=2.0) as server:
        both = [kernel(server, tmp_path) for _ in range(2)]
        for each in both:
            assert each.communicate(timeout=120)[1] == ""
            assert each.returncode == 0
        check(server)
