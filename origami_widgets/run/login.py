"""`login` and `account`: find and check an API key, and read its account's plan, run slots and credits."""

from __future__ import annotations

import getpass
import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.client import Client
from origami_widgets.api.client_settings import is_local_url, resolve_base_url, resolve_project
from origami_widgets.api.errors import AuthenticationError, MissingKey, OrigamiError
from origami_widgets.api.keys.key_sources import find_stored_key, given_or_environment_key, store_in_keyring
from origami_widgets.api.keys.secret import Secret, missing_key, read_key
from origami_widgets.host.application import can_prompt, current_shell
from origami_widgets.run.settings import KEY_PLACES, client_or_default, configuration, use_login

if TYPE_CHECKING:
    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.models.account import AccountSummary

MOST_TRIES = 3
"""How often to ask for a key, at most, while the input cannot be one."""

_ENTERED = {"argument": "It was passed as api_key=.", "prompt": "It was the one you entered."}
_FIRST = "Fix it there, too: it takes precedence."


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
        InvalidInput: the given value, or each of three entered ones, cannot be a key; or another argument is not valid.
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
        key, source = _ask(url, missing, said if source == "keyring" else f"{said} {_FIRST}"), "prompt"


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
    for left in reversed(range(MOST_TRIES)):
        try:
            with warnings.catch_warnings():
                # A terminal that cannot hide the input would only warn, and show it.
                warnings.simplefilter("error", getpass.GetPassWarning)
                entered = read_key(getpass.getpass(f"API key for {urlsplit(url).netloc} (hidden): "))
        except (NotImplementedError, getpass.GetPassWarning):
            # A kernel whose front end takes no input raises the first of these errors.
            break
        except EOFError:
            # The cursor is still behind the question.
            print()  # noqa: T201 - a dialogue
            missing = missing_key("Input ended (Ctrl-D) before a key was entered. Nothing changed.")
            missing.code = "INPUT_ENDED"
            break
        if isinstance(entered, Secret):
            return entered
        if isinstance(entered, MissingKey):
            entered.cause = "Nothing was entered."
        if not left:
            raise entered
        print(f"{entered.title}. {entered.cause} Please try again.")  # noqa: T201 - a dialogue
    raise missing
