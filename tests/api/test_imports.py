"""What the first client costs: the HTTP library; data frames and notebooks never."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "pandas", "numpy", "IPython", "ipywidgets", "anywidget", "traitlets")


def test_a_client_loads_the_http_library_and_nothing_else():
    code = "import sys\nfrom origami_widgets.api.client import Client\nClient('og_live_x')\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(HEAVY) & set(done.stdout.split()) == {"httpx"}
