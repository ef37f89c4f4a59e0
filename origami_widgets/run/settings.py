"""What calls without `client=` use."""

from __future__ import annotations

from origami_widgets.api.async_client import AsyncClient
from origami_widgets.api.client import Client
from origami_widgets.api.errors import InvalidInput

AnyClient = Client | AsyncClient

_client: AnyClient | None = None
_base_url: str | None = None
_project: str | None = None


def configure(*, client: AnyClient | None = None, base_url: str | None = None, project: str | None = None) -> None:
    """Set what later calls without `client=` use. Sends nothing.

    Args:
        client: a client; None makes one on first use from `base_url`, `project` and the environment.
        base_url: the whole prefix of the API, for example that of a sandbox server.
        project: the id of the project to act in.

    Raises:
        InvalidInput: a client was given together with an option that it already carries, or it is no client.

    Example:
        >>> import origami_widgets as ow
        >>> ow.configure(client=ow.Sandbox(speed=60).client())
    """
    global _client, _base_url, _project
    if client is not None:
        if base_url is not None or project is not None:
            raise InvalidInput(
                "A client and its options were given together",
                cause="A client carries its own base_url and project.",
                remedy="Give either client=…, or base_url= and project=.",
            )
        check_client(client)
    _client, _base_url, _project = client, base_url, project


def client_or_default(client: AnyClient | None) -> AnyClient:
    """The client that was given, else the configured one, else one made from the environment.

    Raises:
        MissingKey: no client was configured and there is no key.
    """
    global _client  # noqa: PLW0603 - made once, on first use
    if client is not None:
        return check_client(client)
    if _client is None:
        _client = Client(base_url=_base_url, project=_project)
    return _client


def check_client(client: object) -> AnyClient:
    """The client, when it is one.

    Raises:
        InvalidInput: it is something else, a key for example.
    """
    if isinstance(client, Client | AsyncClient):
        return client
    raise InvalidInput(
        "This is not a client",
        cause=f"client= was given a value of type {type(client).__name__}.",
        remedy="Make one with ow.Client('og_live_…'), or leave client= out to use ORIGAMI_API_KEY.",
    )
