"""The default client for calls without `client=`, and the check of the argument `client=`.

`run` has the configuration of the process, and installs the function that finds the default client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from origami_widgets.api.client import AsyncClient, Client
    from origami_widgets.api.operations import Operations

UsableClient: TypeAlias = "Client | AsyncClient"
AnyClient: TypeAlias = "UsableClient | HasClient"


class HasClient(Protocol):
    """Object with its own client: a `Sandbox`."""

    @property
    def shared_client(self) -> Client:
        """The object's client, the same each time, so that calls with this object find each other's runs."""
        ...


def _from_environment() -> UsableClient:
    from origami_widgets.api.client import Client

    return Client()


_find: Callable[[], UsableClient] = _from_environment


def set_default_client(find: Callable[[], UsableClient]) -> None:
    """Set the function that finds the client for calls without `client=`.

    Args:
        find: returns the client; called for each such call.
    """
    global _find  # noqa: PLW0603 - one default for the process is the point
    _find = find


def client_or_default(client: AnyClient | None) -> UsableClient:
    """Return the given client, or the client of a given sandbox; None gives the default client.

    Raises:
        InvalidInput: the argument is not a client, but for example a key.
        MissingKey: no client was given or configured, and there is no key.
    """
    return _find() if client is None else check_client(client)


def operations_for(client: AnyClient | None, *sources: object) -> Operations:
    """Return the API to read something through.

    Args:
        client: the argument `client=`, which goes before all else.
        sources: what may know the API that it came from, in its attribute `operations`; the first that does decides. If
            none does, it is that of the default client.

    Raises:
        InvalidInput: the argument is not a client, but for example a key.
        MissingKey: no client was given, known or configured, and there is no key.
    """
    known = (getattr(each, "operations", None) for each in sources) if client is None else ()
    return next((each for each in known if each is not None), None) or client_or_default(client).operations


def check_client(client: object) -> UsableClient:
    """Return the given client, or the client of a given `Sandbox`.

    Raises:
        InvalidInput: the argument is neither, but for example a key.
    """
    from origami_widgets.api.client import AsyncClient, Client

    found = getattr(client, "shared_client", client)
    if isinstance(found, Client | AsyncClient):
        return found
    kind = f"the class {client.__name__}" if isinstance(client, type) else f"a value of type {type(client).__name__}"
    raise InvalidInput(
        "Invalid client",
        cause=f"client= got {kind}.",
        remedy="Leave out client= and call ow.login(), or pass ow.Client(), which reads the key from ORIGAMI_API_KEY "
        "or the keyring. ow.Sandbox() works here, too.",
    )
