"""`doctor`: find what is wrong with this set-up, and how to repair it. The report holds nothing secret."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from origami_widgets._version import __version__
from origami_widgets.api.background.loop import background
from origami_widgets.api.client_settings import DEFAULT_BASE_URL
from origami_widgets.api.errors import AuthenticationError, CannotBlock, ConnectionFailed, MissingKey, OrigamiError
from origami_widgets.host import installation
from origami_widgets.host.application import host_name, in_colab, in_marimo
from origami_widgets.host.runtime import IN_BROWSER, time_limit
from origami_widgets.run.settings import KEY_PLACES, client_or_default, key_source
from origami_widgets.words.foreign_text import one_line
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient, UsableClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.host.installation import JupyterServer, Requirement

PATIENCE: Final = 20.0
"""Seconds after which a server that has not answered counts as unreachable."""
_OWN_MANAGER: Final = ("Google Colab", "marimo", "VS Code")
"""Hosts with their own widget manager."""
_CODES: Final = ((MissingKey, "no_key"), (AuthenticationError, "wrong_key"), (ConnectionFailed, "no_network"))
SKILL: Final = Path(__file__).parents[1] / ".agents" / "skills" / "origami-widgets"
HOST: Final = urlsplit(DEFAULT_BASE_URL).netloc
_SOURCES: Final = KEY_PLACES | {"": "none", "client": "configure(client=…)", "login": "ow.login()"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem with the set-up.

    Attributes:
        code: what is wrong, for programs.
        title: what is wrong, in a few words.
        cause: why.
        remedy: how to repair it.
    """

    code: str
    title: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SetupReport:
    """Report of `doctor`. `str()` gives text to paste into an issue; it contains no key and no person's name.

    Attributes:
        version: this package's version.
        python: the version of Python, and the platform.
        host: the application that shows the notebook.
        versions: package versions in the kernel's environment.
        kernel: folder of the kernel's environment.
        server: folder of the server's environment; empty if unknown.
        server_is_running: whether a server runs this kernel; if not, `server` is the environment that would start one.
        server_versions: versions of the server's packages and extensions.
        api: the host that receives the requests, or `sandbox`; empty without a client.
        key: where the API key comes from.
        reachable: whether the API answered; None if it was not asked.
        skill: the folder of the skill that tells assistants how to use this package.
        findings: what is wrong, the most important first.
    """

    version: str
    python: str
    host: str
    versions: dict[str, str]
    kernel: str
    server: str
    server_is_running: bool
    server_versions: dict[str, str]
    api: str
    key: str
    reachable: bool | None
    skill: str
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-safe values."""
        return {**asdict(self), "findings": [asdict(each) for each in self.findings]}

    def __str__(self) -> str:
        server = "Server" if self.server_is_running else "Jupyter here, not running"
        answers = {True: "the API answers", False: "the API does not answer", None: "the API was not asked"}
        lines = [
            f"origami_widgets {self.version} on Python {self.python}",
            f"Host: {self.host}",
            f"Kernel: {self.kernel} ({_listed(self.versions)})",
            f"{server}: {self.server} ({_listed(self.server_versions)})" if self.server else "Server: not known",
            f"API: {self.api or 'no client'}, key: {self.key}, {answers[self.reachable]}",
            f"Skill for assistants: {self.skill}",
            "",
        ]
        count = len(self.findings)
        lines.append("No problems found." if not count else f"{plural(count, 'problem')}:")
        for number, each in enumerate(self.findings, 1):
            lines += [f"{number}. {each.title}", f"   {each.cause}", f"   To repair it: {each.remedy}"]
        return "\n".join(map(one_line, lines))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's own signature
        printer.text(repr(self) if cycle else str(self))


def doctor(*, client: AnyClient | None = None) -> SetupReport:
    """Check this set-up: versions, host, widget manager, API key, network, and the environments of kernel and server.

    Run it in the notebook that has the problem: only there can it see the server. If there is a key, it sends one `GET
    /account`, free of charge, and waits up to 20 seconds for the answer.

    Args:
        client: the client whose key and network are checked; None for the configured one.

    Returns:
        The report, which a notebook shows as text. `findings` lists the problems, each with its remedy.

    Example:
        >>> import origami_widgets as ow
        >>> report = ow.doctor(client=ow.Sandbox().client())
        >>> report.reachable, report.key
        (True, 'client=')
        >>> [finding.code for finding in report.findings if finding.code == "no_key"]
        []
    """
    return examine(lambda: client_or_default(client), key="client=" if client is not None else "")


def examine(find_client: Callable[[], UsableClient], *, key: str = "") -> SetupReport:
    """Return the report of `doctor`.

    Args:
        find_client: returns the client to check, or raises the error that says why there is none.
        key: where the client's key comes from; empty to find out.
    """
    needs, server = installation.requirements(), installation.jupyter_server()
    host = host_name()
    api, reachable, of_the_api = _ask(find_client)
    own_manager = host in _OWN_MANAGER or in_colab() or in_marimo() or IN_BROWSER
    findings = [*of_the_api, *_check_requirements(needs)]
    server_versions: dict[str, str] = {}
    if server is not None:
        extensions = {"widget manager": server.widget_manager, "origami-widgets extension": server.extension}
        server_versions = {**server.versions, **{name: found or "missing" for name, found in extensions.items()}}
        findings += () if own_manager else _check_server(server)
    return SetupReport(
        version=__version__,
        python=f"{platform.python_version()} ({sys.platform}, {platform.machine() or 'unknown'})",
        host=host,
        versions={
            **{each.name: each.installed for each in needs if each.installed is not None},
            **installation.versions(*installation.OF_THE_KERNEL),
        },
        kernel=installation.shown_path(Path(sys.prefix)),
        server="" if server is None else installation.shown_path(server.prefix),
        server_is_running=server is not None and server.is_running,
        server_versions=server_versions,
        api=api,
        key=key or _SOURCES[key_source()],
        reachable=reachable,
        skill=installation.shown_path(SKILL),
        findings=tuple(findings),
    )


def _check_requirements(needs: list[Requirement]) -> Iterator[Finding]:
    """Yield the problems with the packages that this one needs."""
    for each in needs:
        if not each.is_met:
            is_missing = each.installed is None
            yield Finding(
                "missing_package" if is_missing else "old_package",
                f"{each.name} is missing" if is_missing else f"{each.name} {each.installed} is too old",
                f"This version of origami_widgets needs {each.name} {each.floor} or newer.",
                f"In the kernel's environment: {installation.shown_path(Path(sys.executable))} -m pip install -U "
                f'"{each.name}>={each.floor}". Then restart the kernel.',
            )


def _check_server(server: JupyterServer) -> Iterator[Finding]:
    """Yield what the server's environment lacks."""
    where = installation.shown_path(server.prefix)
    pip = f"In the server's environment: {installation.shown_path(server.python)} -m pip install -U"
    if server.widget_manager is None:
        yield Finding(
            "no_widget_manager",
            "The widget manager is missing",
            f"JupyterLab in {where} has no extension for ipywidgets: cards are not live there.",
            f"{pip} jupyterlab_widgets. Then load the page again.",
        )
    if server.is_elsewhere and server.extension != __version__:
        has = "no extension" if server.extension is None else f"the extension of version {server.extension}"
        yield Finding(
            "two_environments",
            "Kernel and server are in different environments",
            f"The kernel has origami_widgets {__version__}, and the server in {where} has {has}: "
            "saved cards are shown as HTML there, and can't be sorted.",
            f"{pip} origami-widgets=={__version__}. Then load the page again.",
        )


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "no packages found"


async def _asked(operations: Operations) -> None:
    try:
        async with time_limit(PATIENCE):
            await operations.get_account()
    except TimeoutError:
        raise ConnectionFailed(
            "Origami did not answer",
            cause=f"There was no answer within {PATIENCE:.0f} seconds.",
            remedy="Check the network, and the proxy if there is one.",
        ) from None


def _ask(find_client: Callable[[], UsableClient]) -> tuple[str, bool | None, list[Finding]]:
    """Return which API was asked, whether it answered, and the problems with key and network."""
    api = ""
    try:
        operations = find_client().operations
        api = operations.origin or HOST
        background().run(_asked(operations))
    except CannotBlock:
        # Raised in a browser; nothing was sent.
        return api, None, []
    except OrigamiError as error:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), error.code.lower())
        reachable = error.status_code is not None if api else None
        return api, reachable, [Finding(code, error.title, error.cause, error.remedy)]
    return api, True, []
