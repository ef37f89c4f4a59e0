"""What loading costs: the HTTP library comes with the first client, data frames and notebooks never."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import origami_widgets as ow
from origami_widgets.sandbox.embedded import serve
from tests.faults.between import certificate, context_of
from tests.support.server import RawServer, answer

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


FIRST_REQUEST = """
import importlib.abc, sys, threading
import origami_widgets as ow

asked = []

class Asked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if threading.current_thread() is not threading.main_thread():
            asked.append(name)

sys.meta_path.insert(0, Asked())
client = ow.Client(sys.argv[2], base_url=sys.argv[1], timeout=10)
try:
    client.get_credits()
except ow.OrigamiError as error:
    print(error, file=sys.stderr)
run = ow.start("Find bakeries", client=client, show=False) if sys.argv[1].startswith("http:") else None
card = run and ow.RunCard(run.wait())
print(*sorted(name for name in set(asked) if name in sys.modules))
"""


@pytest.mark.parametrize("place", ["sandbox", "https", "nowhere"])
def test_the_loop_loads_nothing_when_it_sends_the_first_request(place, tmp_path):
    """An interrupt may leave Python's import lock to the main thread for good: the loop must not need it."""
    environment = dict(os.environ)
    with contextlib.ExitStack() as running:
        if place == "sandbox":
            url = running.enter_context(serve(ow.Sandbox(speed=600), ow.Sandbox.api_key, 0)).base_url
        elif place == "https":
            cert, key = certificate(tmp_path, "trusted")
            environment["SSL_CERT_FILE"] = str(cert)
            url = running.enter_context(RawServer(answer({}, 400), tls=context_of(cert, key))).base_url
        else:
            url = "https://origami.invalid/api/v2"
        done = subprocess.run(
            [sys.executable, "-c", FIRST_REQUEST, url, ow.Sandbox.api_key],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env=environment,
            timeout=60,
        )
    assert done.stdout.split() == [], done.stderr
