"""A grid made from a table that was read, in a process that has started no run."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import time
import origami_widgets as ow

client = ow.Sandbox(speed=600).client()
agent = client.create_agent("List bakeries in Porto").agent
ends = time.monotonic() + 60
while not (tables := client.list_agent_tables(agent.id).items) or not tables[0].lead_count:
    assert time.monotonic() < ends
    time.sleep(0.1)
grid = ow.LeadGrid(tables[0], client=client)
print(len(grid.frame), len(grid.selection), len(grid.to_frame()) > 0)
grid.close()
"""


def test_a_grid_without_a_start_before_it_has_its_frames():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["0", "0", "True"]
