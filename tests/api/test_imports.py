"""What loading costs: the HTTP library comes with the first client, data frames and notebooks never."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "pandas", "numpy", "IPython", "ipywidgets", "anywidget", "traitlets")


def loaded_after(code: str) -> set[str]:
    report = f"import sys\n{code}\nprint(' '.join(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_package_and_its_objects_load_nothing_heavy():
    assert loaded_after("import origami_widgets.api, origami_widgets.api.models") == set()
    assert loaded_after("from origami_widgets.api.client import Client") == set()
    assert loaded_after("from origami_widgets.api.client import AsyncClient") == set()
    assert (
        loaded_after(
            "from origami_widgets.api import errors, error_catalog, operations; from origami_widgets.api.background import loop"
        )
        == set()
    )


def test_a_client_loads_the_http_library_and_nothing_else():
    assert loaded_after("from origami_widgets.api.client import Client\nClient('og_live_x')") == {"httpx"}
