"""Settings of a client: base URL, key, project, timeout. They are checked once, when the client is made."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.keys.key_sources import find_stored_key
from origami_widgets.api.validate import not_a_key

if TYPE_CHECKING:
    from origami_widgets.api.keys.secret import Secret

DEFAULT_BASE_URL = "https://origami.chat/api/v2"
LONGEST_TIMEOUT = 3_600.0
REQUEST = "Set the number of seconds one request may take, for example 30."
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.ASCII)
UNSAFE = re.compile(r"[^!-~]|[\\<>\"^`{|}]")


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings of a client.

    Attributes:
        key: the API key.
        base_url: the whole prefix of the API, without a trailing slash.
        project: the id of the project; None for the parent organization.
        timeout: the maximum number of seconds for one whole request.
    """

    key: Secret
    base_url: str
    project: str | None
    timeout: float

    def __str__(self) -> str:
        return f"{self.base_url} project={self.project}" if self.project else self.base_url

    @property
    def host(self) -> str:
        """The host, with its port unless that is the default."""
        return urlsplit(self.base_url).netloc


def make_settings(
    key: Secret | OrigamiError | None, base_url: object, project: object, timeout: object, *, elsewhere: bool = True
) -> Settings:
    """Return the settings: arguments first, then the environment, then the defaults.

    Args:
        key: the result of `given_or_environment_key`, so that no frame of a traceback holds the key in the clear.
        base_url: the whole prefix of the API; None for the one in the environment or Origami's own.
        project: the id of the project; None for the one in the environment or the parent organization.
        timeout: seconds for one request.
        elsewhere: whether to look for a missing key in Colab's secrets and the keyring.

    Raises:
        MissingKey: there is no key.
        InvalidInput: an argument is not valid.
    """
    if isinstance(key, OrigamiError):
        raise key
    url, project_id = resolve_base_url(base_url), resolve_project(project)
    seconds = validate.seconds(timeout, LONGEST_TIMEOUT, REQUEST)
    if key is None:
        # Last, because this may prompt the user; everything else should be valid by then.
        stored = find_stored_key(url, colab=elsewhere and not is_local_url(url), keyring=elsewhere)
        key = stored.key if stored.key is not None else stored.missing()
    if isinstance(key, OrigamiError):
        raise key
    return Settings(key, url, project_id, seconds)


def resolve_base_url(base_url: object) -> str:
    """Return the given base URL, else the one in the environment, else Origami's own, without a trailing slash.

    Raises:
        InvalidInput: it is not a URL, or its connection is not encrypted, so that no key may be sent to it.
    """
    url = base_url if base_url is not None else os.environ.get("ORIGAMI_BASE_URL") or DEFAULT_BASE_URL
    remedy = f"Use the full URL of the API, for example {DEFAULT_BASE_URL}."
    if not isinstance(url, str):
        raise InvalidInput("base_url must be a string", cause=f"Got {type(url).__name__}.", remedy=remedy)
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    # Only plain hosts: letters of other scripts can look like these, and libraries disagree on what a backslash means.
    if not host or not HOST.fullmatch(host) or parts.scheme not in ("http", "https") or UNSAFE.search(url.strip()):
        raise InvalidInput("Invalid base_url", cause="It needs https:// and a host.", remedy=remedy)
    not_a_key(url, "a part of base_url")
    # Even an empty query is refused: a path appended to it would no longer be a path.
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidInput(
            "base_url contains more than an address",
            cause="It contains a user, a query or a fragment.",
            remedy=remedy,
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidInput(
            "base_url isn't encrypted",
            cause="Others could read the key over plain http. It's only allowed for localhost.",
            remedy="Use https://.",
        )
    return url.strip().rstrip("/")


def resolve_project(project: object) -> str | None:
    """Return the given project, else the one in the environment; None for the parent organization.

    Raises:
        InvalidInput: the value is not the id of a project.
    """
    named = os.environ.get("ORIGAMI_PROJECT") or os.environ.get("ORIGAMI_PROJECT_ID") or None
    given = named if project is None else project
    return None if given is None else validate.project_id(given)


def is_local_url(base_url: str) -> bool:
    """Return whether a base URL leads to this machine."""
    return is_loopback(urlsplit(base_url).hostname or "")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
