"""Where people are written to a file that can't say so itself, it is said beside the file, once a process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
START = """
import pandas as pd, origami_widgets as ow
run = ow.start("Find 20 SaaS founders in Austin", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")
ow.export(pd.DataFrame({"company": ["Acme"], "email_confidence": [0.9]}), "companies.csv")
ow.export(ow.leads_frame(run).head(0), "empty.csv")
ow.export(run, "page.html")
print("until here", flush=True)
"""
IN_FOOT = """
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import message
from tests.card.widgets.leads.test_grid_export import download, downloads_in
from tests.support.quick import see
grid = ow.leads(run)
messages, table = sent_by(grid), run.tables[0].id
receive(grid, message(table, size=200, last=99_999))
see(lambda: any(each.get("content", {}).get("rows") for each in messages))
for kind in ("xlsx", "csv", "csv"):
    receive(grid, download(table, kind=kind))
print([each["note"] for each in downloads_in(messages)])
grid.close()
"""
ALL = {
    "run.csv": 'ow.export(run, "leads.csv")',
    "run.parquet": 'ow.export(run, "leads.parquet")',
    "folder": 'ow.export(run, "leads")',
    "shape": 'ow.export(run, "crm.csv", shape="hubspot")',
    "frame": 'ow.export(ow.leads_frame(run, of="people"), "people.csv")',
    "download": IN_FOOT,
}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["download", pytest.param("shape", marks=pytest.mark.slow)])
def test_it_is_said_with_the_first_file(tmp_path: Path, first: str) -> None:
    code = "\n".join([START, ALL[first], 'print("from here", flush=True)', *ALL.values()])
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    before, until, after = made.stdout.replace("from here", "until here").split("until here")
    said = [each.count("These leads may name people. Who keeps this file") for each in (before, until, after)]
    assert said == [0, 1, 0], made.stdout
