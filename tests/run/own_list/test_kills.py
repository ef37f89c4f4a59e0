"""Kill -9 of a kernel at each request of upload, start and join: the next kernel pays for nothing twice.

Two kernels at once pay once, too. Counted at the server.
"""

from __future__ import annotations

import pytest

from tests.support.own_list_server import OwnListServer
from tests.support.processes import SameFiles

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


def check(server: OwnListServer) -> None:
    (table,) = server.contents
    assert server.texts(table, "website") == [f"{n}.example" for n in range(250)]
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]
    assert (len(server.runs), server.enrichments) == (1, 0)


@pytest.mark.parametrize("kills", [[1, 2], [3, 1, 5]], ids=str)
def test_a_killed_kernel_leaves_nothing_twice(tmp_path, kills):
    with OwnListServer(csv_rows=120, cells=3, cells_per_second=100, agent_seconds=2.0) as server:
        kernels = SameFiles(server, tmp_path, NOTEBOOK)
        for requests in kills:
            kernels.kill_after(requests)
        kernels.finish(kernels.begin())
        check(server)


def test_two_kernels_at_once_pay_once(tmp_path):
    with OwnListServer(csv_rows=120, cells=3, cells_per_second=100, agent_seconds=2.0) as server:
        kernels = SameFiles(server, tmp_path, NOTEBOOK)
        for each in [kernels.begin() for _ in range(2)]:
            kernels.finish(each)
        check(server)
