"""A real kernel in each of the environments, started once for all tests that run in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

from tests.kernels.environments import ENVIRONMENTS, FOLDER, Environment, EnvironmentMissing, made
from tests.kernels.front_end import FrontEnd
from tests.support.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.manager import KernelManager
    from xdist.remote import Producer

PREPARE = """
import json, os, time
import origami_widgets as ow

class Sandbox(ow.Sandbox):
    asked = []

    async def __call__(self, scope, receive, send):
        Sandbox.asked.append([scope["method"], scope["path"]])
        await super().__call__(scope, receive, send)

ow.configure(client=Sandbox(speed=60).client())
ow.configure(render="auto")

stopped = time.time()
still = lambda: ow.Sandbox(speed=60, clock=lambda: stopped).client()

def block(flag):
    ends = time.time() + 60
    while not os.path.exists(flag) and time.time() < ends:
        time.sleep(0.02)
"""
"""A sandbox that counts, in which a minute takes a second; one that stands still; and a call that keeps the kernel busy."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that runs, with the environment that it runs in."""

    name: str
    environment: Environment
    manager: KernelManager
    front_end: FrontEnd


@pytest.fixture(scope="session")
def jupyter_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep a person's settings and key out of the kernels."""
    home = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(home / name.lower()))
        patch.delenv("ORIGAMI_API_KEY", raising=False)
        yield


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Let one process run all tests in an environment: it makes that, and starts one kernel in it."""
    return Groups(config, log, group_of)


def group_of(test: str) -> str:
    """The environment that a test runs in, by its id; the test itself where that needs none."""
    module, _, name = test.partition("::")
    if module.endswith("test_colab_notebook.py"):
        return "colab"
    return next((each for each in ENVIRONMENTS if each in name), test)


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest, jupyter_of_its_own: None) -> Iterator[str]:
    """The name of an environment, made, whose kernel Jupyter finds under that name."""
    try:
        folder = made(request.param)
    except EnvironmentMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "share" / "jupyter"), prepend=os.pathsep)
        yield request.param


@pytest.fixture(scope="session")
def shared_kernel(environment: str) -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name=environment)
    try:
        yield Kernel(environment, ENVIRONMENTS[environment], manager, FrontEnd(client))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(shared_kernel: Kernel) -> Iterator[Kernel]:
    """The kernel, with new sandboxes in it."""
    shared_kernel.front_end.run(PREPARE)
    yield shared_kernel
    # What a test has left running must not be polled beside the next one's.
    shared_kernel.front_end.run("globals().pop('run', None) and None")


@pytest.fixture
def flag(tmp_path: Path) -> Iterator[Path]:
    """A file; once it exists, `block` returns."""
    path = tmp_path / "go on"
    yield path
    path.touch()


@pytest.fixture
def front_end(kernel: Kernel) -> FrontEnd:
    return kernel.front_end


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which Python each environment has: that of Colab, for example, is not on every machine."""
    for name in ENVIRONMENTS:
        settings = FOLDER / name / "pyvenv.cfg"
        if settings.exists():
            lines = settings.read_text(encoding="utf-8").splitlines()
            version = next(line.partition("=")[2].strip() for line in lines if line.startswith("version_info"))
            terminalreporter.write_line(f"{name}: Python {version}")
