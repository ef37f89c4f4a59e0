"""Plain IPython in a terminal: no kernel, no widget, and the card as text."""

import subprocess
import sys

import pytest

CELLS = """
import origami_widgets as ow
run = ow.start("Find bakeries in Porto", client=ow.Sandbox(speed=240).client())
run.wait()
"""


@pytest.mark.slow
def test_a_run_is_shown_as_text():
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    done = subprocess.run(command, input=CELLS, capture_output=True, text=True, timeout=60, check=True)
    assert "✓ Completed · Find bakeries in Porto" in done.stdout
    assert "Traceback" not in done.stdout
