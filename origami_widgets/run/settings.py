"""`configure`: set the client for calls without `client=`, how runs are shown and started, and what shows them.

`login` finds and checks an API key for that client, and `account` reads its account's plan, run slots and credits.
"""

from __future__ import annotations

import getpass
import os
import sys
import threading
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.client import Client
from origami_widgets.api.client_settings import is_local_url, resolve_base_url, resolve_project
from origami_widgets.api.default_client import AnyClient, UsableClient, check_client, operations_for, set_default_client
from origami_widgets.api.errors import AuthenticationError, InvalidInput, MissingKey, OrigamiError
from origami_widgets.api.keys.key_sources import NAME, find_stored_key, given_or_environment_key, store_in_keyring
from origami_widgets.api.keys.secret import Secret, missing_key, read_key
from origami_widgets.api.validate import flag, shortened
from origami_widgets.host.application import can_prompt, current_shell

if TYPE_CHECKING:
    from origami_widgets.api.models.account import AccountSummary
    from origami_widgets.api.operations import Operations

RenderMode = Literal["auto", "widget", "html"]
ConfirmMode = Literal["enrich"] | bool
KeySource = Literal["", "client", "login", "environment", "colab", "keyring"]
KEY_PLACES = {
    "environment": f"{NAME} in the environment",
    "colab": f"the Colab secret {NAME}",
    "keyring": "the system's keyring",
}
"""Where a key was found, in words."""


@dataclass(frozen=True)
class Configuration:
    """What `configure` and `login` have set.

    Attributes:
        client: the client for calls without `client=`; None until one is given or made.
        is_given: whether the user gave the client.
        login: a base URL and the key that `login` received for it; None if clients find their key themselves.
        base_url: the base URL of clients that this module makes; None for the one in the environment.
        project: their project; None for the one in the environment.
        render: how cards are shown.
        queue: whether starting a run waits for a slot when all run slots are in use.
        leads: whether cards show leads.
        confirm: whether an interactive notebook asks before each start, before none, or before `enrich` only.
    """

    client: UsableClient | None = None
    is_given: bool = False
    login: tuple[str, Secret] | None = None
    base_url: str | None = None
    project: str | None = None
    render: RenderMode = "auto"
    queue: bool = True
    leads: bool = True
    confirm: ConfirmMode = "enrich"


current = Configuration()
"""The configuration of this process."""
_changing = threading.RLock()


def _change(**settings: Any) -> None:
    """Change some settings, thread-safe: no change made by another thread is lost."""
    global current  # noqa: PLW0603 - the settings of the process
    with _changing:
        current = replace(current, **settings)


def configure(
    *,
    client: AnyClient | None = None,
    base_url: str | None = None,
    project: str | None = None,
    render: RenderMode | None = None,
    queue: bool | None = None,
    leads: bool | None = None,
    confirm: ConfirmMode | None = None,
) -> None:
    """Set the client for later calls without `client=`, and how cards are shown and runs are started. Sends nothing.

    `client`, `base_url` and `project` are set together. A call with none of them but other arguments leaves them
    unchanged.

    Args:
        client: a client, or a `Sandbox`. None makes one on first use from `base_url`, `project`, and the key from
            `login`, the environment, a Colab secret or the keyring.
        base_url: the whole prefix of the API, for example that of a sandbox server.
        project: the id of the project to act in.
        render: `"widget"` shows cards as widgets. `"html"` shows HTML that is replaced as the run goes on, for hosts
            without a widget manager. `"auto"` decides by the host. None leaves the setting unchanged.
        queue: when all run slots are in use, True (the default) waits for a free one, and False raises `RunPoolFull` at
            once. None leaves the setting unchanged.
        leads: whether cards show leads (default: True). No card saves leads in the notebook. None leaves the setting
            unchanged.
        confirm: when an interactive notebook asks before it spends credits. `"enrich"` (the default) asks before
            `enrich` only, True also before each start, answer, follow-up and batch, and False never. None leaves the
            setting unchanged. Scripts, executed notebooks, `ow.aio` and buttons never ask.

    Raises:
        InvalidInput: an argument is not valid, or `client` was given together with `base_url` or `project`, which it
            already carries; nothing was changed.

    Example:
        >>> import origami_widgets as ow
        >>> ow.configure(client=ow.Sandbox(speed=60))
    """
    if render is not None and str(render) not in get_args(RenderMode):
        raise InvalidInput(
            f"Invalid render: {shortened(render)}",
            cause="Cards are widgets, or HTML that is replaced as the run progresses.",
            remedy='Use render="auto", render="widget" or render="html".',
        )
    if client is not None and (base_url is not None or project is not None):
        raise InvalidInput(
            "Got both a client and its options",
            cause="A client has its own base_url and project.",
            remedy="Pass either client=…, or base_url= and project=.",
        )
    if base_url is not None:
        resolve_base_url(base_url)
    if project is not None:
        resolve_project(project)
    chosen = None if client is None else check_client(client)
    if confirm is not None and not isinstance(confirm, bool) and str(confirm) != "enrich":
        raise InvalidInput(
            f"Invalid confirm: {shortened(confirm)}",
            cause="A notebook asks before each start, before enrich only, or never.",
            remedy='Use confirm=True to be asked before each start, confirm="enrich" to be asked by enrich only, or '
            "confirm=False to be never asked.",
        )
    flags = {name: flag(name, value) for name, value in (("queue", queue), ("leads", leads)) if value is not None}
    given = {"render": render, "confirm": confirm}
    changes: dict[str, Any] = flags | {setting: value for setting, value in given.items() if value is not None}
    if not changes or (client, base_url, project) != (None, None, None):
        changes |= {"client": chosen, "is_given": chosen is not None, "base_url": base_url, "project": project}
    _change(**changes)


def configuration() -> Configuration:
    """Return what `configure` and `login` have set so far."""
    return current


def client_or_default(client: AnyClient | None) -> UsableClient:
    """Return the given client (for a sandbox, its client), else the configured one, else one made from the environment.

    Raises:
        MissingKey: no client was configured and there is no key.
    """
    if client is not None:
        return check_client(client)
    if current.client is None:
        # Outside the lock, because a keyring may ask the user first.
        made = Client(_key_of_login(), base_url=current.base_url, project=current.project)
        with _changing:
            if current.client is None:
                _change(client=made)
    return cast("UsableClient", current.client)


def operations_of(client: AnyClient | None, tables: Iterable[object]) -> Operations:
    """Return the API for a call on some tables: that of the given client, else that of the tables, else the default one.

    Raises:
        InvalidInput: an uploaded table belongs to another account, project or server.
        MissingKey: there is no client, and no key.
    """
    known = tables if isinstance(tables, Collection) else ()
    found = operations_for(client, *_uploaded(known), *known)
    check_operations(found, known)
    return found


def check_operations(operations: Operations | None, tables: Iterable[object]) -> None:
    """Check that uploaded tables are reached through an API.

    Raises:
        InvalidInput: one belongs to another account, project or server.
    """
    for each in _uploaded(tables):
        if operations is not None and each.operations.identity != operations.identity:
            raise InvalidInput(
                "Two different clients",
                cause="A table was uploaded through another client than that of this call or of another table. Nothing "
                "was sent.",
                remedy="Leave out client=, and use tables and runs of one account and project.",
            )


def _uploaded(tables: Iterable[object]) -> list[Any]:
    return [each for each in tables if hasattr(each, "upload_id")] if isinstance(tables, Collection) else []


def use_login(client: Client, base_url: str, project: str | None, key: Secret | None) -> None:
    """Use a client from now on.

    Args:
        client: the client, whose key the server has accepted.
        base_url: its base URL.
        project: its project.
        key: its key if later clients cannot find it themselves; it is then remembered for this base URL only.
    """
    login = None if key is None else (base_url, key)
    _change(client=client, is_given=False, base_url=base_url, project=project, login=login)


def _key_of_login() -> Secret | None:
    """Return the key that `login` received, if the next client has the base URL that the key is for."""
    if current.login is None or resolve_base_url(current.base_url) != current.login[0]:
        return None
    return current.login[1]


def key_source() -> KeySource:
    """Return where the key for calls without `client=` comes from; empty without a key."""
    if current.is_given:
        return "client"
    if _key_of_login() is not None:
        return "login"
    if os.environ.get(NAME):
        return "environment"
    url = resolve_base_url(current.base_url)
    return find_stored_key(url, colab=not is_local_url(url), keyring=True).source


set_default_client(lambda: client_or_default(None))


DtypeBackend: TypeAlias = Literal["numpy_nullable", "pyarrow"]


def top() -> Any:
    """Return the package itself. Its names load what they need when they are first used."""
    return sys.modules[__name__.partition(".")[0]]


def display_backend() -> Any:
    """Return what shows runs and batches: a `CardBackend`, which the package's top knows."""
    return top().display_backend


_ENTERED = {"argument": "It was passed as api_key=.", "prompt": "It was the one you entered."}


@bridged
async def login(
    api_key: str | None = None, *, store: bool = False, base_url: str | None = None, project: str | None = None
) -> AccountSummary:
    """Find an API key or ask for it, check it, and use it for all calls without `client=`.

    Looks for the key in the argument, in `ORIGAMI_API_KEY`, in a Colab secret of that name and in the system's keyring,
    in this order. If there is no key, or the server refuses it, you are asked for one; what you type is not shown.
    Never write a key into a cell. The key stays in this process unless `store` is set, and is sent only to `base_url`.

    Sends `GET /account`, `GET /account/credits`, and up to five `GET /agents` to count active runs. All free.

    Args:
        api_key: the key; None looks for it and asks.
        store: save an accepted key in the system's keyring, where later processes find it (needs the extra `keyring`).
            To remove it, run `keyring del origami_widgets BASE_URL` in a terminal.
        base_url: the whole prefix of the API; None for the configured one, the one in the environment, or Origami's
            own.
        project: the id of the project to act in; None for the configured one, or the one in the environment.

    Returns:
        Organization, plan, free run slots and credits. Outside IPython, they are printed as well.

    Raises:
        MissingKey: there is no key, and you entered none or could not be asked (a program executes the notebook, or
            there is no terminal).
        InvalidInput: the given value, or the entered one, cannot be a key; or another argument is not valid.
        AuthenticationError: the key is wrong, revoked or expired. The earlier configuration is kept.
        OrigamiError: the account could not be read; the earlier configuration is kept. With the code `NO_KEYRING`, the
            key is in use but could not be saved.

    Example:
        >>> import origami_widgets as ow
        >>> with ow.Sandbox(plan="starter").serve() as served:
        ...     account = ow.login(served.api_key, base_url=served.base_url)  # doctest: +ELLIPSIS
        Organization: Sandbox organization (sandbox)
        Plan: Starter, API access
        Run slots: at most 1 of 1 free (runs started in the web app aren't counted)
        Credits: 5,000 (read at ... UTC)
        >>> account.free_run_slots
        1
        >>> ow.configure()
    """
    given, is_argument = given_or_environment_key(api_key), api_key is not None
    # A traceback that shows local variables must not show the key either.
    del api_key
    if is_argument and isinstance(given, OrigamiError):
        raise given
    known = configuration()
    url = resolve_base_url(known.base_url if base_url is None else base_url)
    # A project belongs to its base URL.
    named = resolve_project(known.project if base_url is None and project is None else project)
    summary, key = await _check(*_search(given, url, is_argument=is_argument), url, named)
    problem = store_in_keyring(url, key) if store else None
    # IPython shows it as the value of the cell, unless an error is raised.
    if problem is not None or current_shell() is None:
        print(summary)  # noqa: T201 - this is the display of a terminal
    if problem is not None:
        raise problem
    return summary


@bridged
async def account(*, client: AnyClient | None = None) -> AccountSummary:
    """Read the account: organization, plan, free run slots and credits.

    Sends `GET /account`, `GET /account/credits`, and up to five `GET /agents` to count active runs. All free.

    Args:
        client: the client to use; None for the configured one.

    Returns:
        The account at this moment. `str()` gives four lines. Values that the server leaves out are None.

    Raises:
        MissingKey: there is no key; nothing was sent.
        AuthenticationError: the key is wrong, revoked or expired.
        OrigamiError: the account could not be read.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600, credits=40).client()
        >>> account = ow.account(client=client)
        >>> account.plan, account.run_slots, account.free_run_slots, account.credits
        ('Pro', 3, 3, 40.0)
    """
    return await OnLoop(client_or_default(client).operations.account_summary())


def _search(given: Secret | OrigamiError | None, url: str, *, is_argument: bool) -> tuple[Secret | OrigamiError, str]:
    """Return the key of the argument or environment, else one from Colab or the keyring, else one that the user enters.

    Also returns its source. In place of a value that cannot be a key, there is its error.
    """
    if given is not None:
        return given, "argument" if is_argument else "environment"
    elsewhere = find_stored_key(url, colab=not is_local_url(url), keyring=True)
    if elsewhere.key is not None:
        return elsewhere.key, elsewhere.source
    missing = elsewhere.missing()
    missing.cause += " There is no prompt here to ask for one."
    return _ask(url, missing, *elsewhere.problems), "prompt"


async def _check(
    key: Secret | OrigamiError, source: str, url: str, project: str | None
) -> tuple[AccountSummary, Secret]:
    """Check a key and use it from now on; return its account and the key. Asks again if one that was found is refused."""
    while True:
        place = KEY_PLACES.get(source, "")
        may_replace, said = bool(place) and can_prompt(), f"Invalid API key in {place}."
        if source == "keyring":
            said = f"The API key in {place} is no longer valid."
        if isinstance(key, Secret):
            client = Client(key, base_url=url, project=project)
            try:
                summary = await OnLoop(client.operations.account_summary())
            except AuthenticationError as error:
                if not may_replace:
                    error.cause = f"{error.cause} {_ENTERED.get(source) or f'It came from {place}.'} Nothing changed."
                    raise
            else:
                # Later calls find keys from all other sources themselves.
                use_login(client, url, project, key if source in ("argument", "prompt") else None)
                return summary, key
        elif may_replace:
            said = f"{key.title}. {key.cause}"
        else:
            raise key
        missing = missing_key(f"{said} There is no prompt here to ask for another one.")
        key, source = (
            _ask(url, missing, said if source == "keyring" else f"{said} Fix it there, too: it takes precedence."),
            "prompt",
        )


def _ask(url: str, missing: MissingKey, *first: str) -> Secret:
    """Ask for a key without showing it.

    Args:
        url: the base URL that the key is for.
        missing: the error to raise if the user cannot be asked.
        first: lines to print before the prompt.

    Raises:
        MissingKey: the user cannot be asked, or entered nothing.
        InvalidInput: the input cannot be a key.
    """
    if not can_prompt():
        raise missing
    for problem in first:
        print(problem)  # noqa: T201 - a dialogue
    entered: Secret | OrigamiError = missing
    try:
        with warnings.catch_warnings():
            # A terminal that cannot hide the input would only warn, and show it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            entered = read_key(getpass.getpass(f"API key for {urlsplit(url).netloc} (hidden): "))
    except (NotImplementedError, getpass.GetPassWarning):
        # A kernel whose front end takes no input raises the first of these errors.
        pass
    except EOFError:
        # The cursor is still behind the question.
        print()  # noqa: T201 - a dialogue
        entered = missing_key("Input ended (Ctrl-D) before a key was entered. Nothing changed.")
        entered.code = "INPUT_ENDED"
    else:
        if isinstance(entered, MissingKey):
            entered.cause = "Nothing was entered."
    if isinstance(entered, Secret):
        return entered
    raise entered
