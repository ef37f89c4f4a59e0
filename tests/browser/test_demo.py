"""`make demo` serves the quickstart from a copy, says where, and goes away without a question when interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from notebooks import serve

if TYPE_CHECKING:
    from pathlib import Path


def test_demo_serves_the_quickstart_until_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, str(serve.REPOSITORY / "notebooks" / "serve.py"), "--home", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True) as demo:
        assert demo.stdout is not None
        address = demo.stdout.readline().removeprefix("JupyterLab is ready: ").strip()
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http on loopback
            assert answer.status == 200
            assert serve.QUICKSTART in answer.url
        assert (tmp_path / "notebooks" / serve.QUICKSTART).exists()
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
    assert demo.returncode == 0
    assert rest.endswith("Stopped.\n")
    # Another server may have taken the port meanwhile, and refuses a token that is not its own.
    place = urllib.parse.urlsplit(address)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{place.netloc}/api/status?{place.query}", timeout=5)


def test_servers_that_start_together_each_have_a_port_of_their_own(tmp_path: Path) -> None:
    def start(name: str) -> serve.Lab:
        home = tmp_path / name
        home.mkdir()
        return serve.start(home, home)

    with ThreadPoolExecutor() as threads:
        labs = list(threads.map(start, ["one", "two"]))
    try:
        for lab in labs:
            with urllib.request.urlopen(f"{lab.url}api/status?token={lab.token}", timeout=30) as answer:  # noqa: S310 - http on loopback
                assert answer.status == 200
    finally:
        for lab in labs:
            lab.stop()


def test_a_changed_copy_is_kept_when_the_original_changes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    original = source / "one.ipynb"
    original.write_text("first")
    (source / "linked.md").write_text("a page")
    (source / "serve.py").write_text("no guide")
    serve.copy_notebooks(source, target)
    assert {path.name for path in target.iterdir()} == {"one.ipynb", "linked.md"}
    (target / "one.ipynb").write_text("mine")
    serve.copy_notebooks(source, target)
    assert (target / "one.ipynb").read_text() == "mine"
    original.write_text("second")
    later = (target / "one.ipynb").stat().st_mtime + 10
    os.utime(original, (later, later))
    serve.copy_notebooks(source, target)
    assert (target / "one.ipynb").read_text() == "second"
    assert (target / "one.previous.ipynb").read_text() == "mine"
