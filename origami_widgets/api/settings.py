"""Where the API is, who asks, and for which project. Checked once, when a client is made."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.key_sources import key_elsewhere
from origami_widgets.api.validate import LONGEST_ID, not_a_key, shortened

if TYPE_CHECKING:
    from origami_widgets.api.secret import Secret

DEFAULT_BASE_URL = "https://origami.chat/api/v2"
LONGEST_TIMEOUT = 3_600.0
REQUEST = "Give the seconds that one request may take, for example 30."
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.ASCII)
UNSAFE = re.compile(r"[^!-~]|[\\<>\"^`{|}]")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client needs to know.

    Attributes:
        key: the API key.
        base_url: the whole prefix of the API, without a slash at its end.
        project: the project to act in, None for the parent organization.
        timeout: seconds that one request may take in all.
    """

    key: Secret
    base_url: str
    project: str | None
    timeout: float

    def __str__(self) -> str:
        return f"{self.base_url} project={self.project}" if self.project else self.base_url

    @property
    def host(self) -> str:
        """The host, with its port where it is not the usual one."""
        return urlsplit(self.base_url).netloc

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine itself."""
        return is_local_url(self.base_url)

    @property
    def origin(self) -> str:
        """Empty for Origami itself, else the host that answers in its place."""
        return "" if self.base_url == DEFAULT_BASE_URL else self.host


def settings_from(
    key: Secret | OrigamiError | None, base_url: object, project: object, timeout: object, *, elsewhere: bool = True
) -> Settings:
    """Arguments first, then the environment, then the defaults.

    Args:
        key: what `key_at_hand` found: by now no frame of a traceback holds the key in the clear.
        base_url: the whole prefix of the API, None for the environment's or Origami's own.
        project: the project's id, None for the environment's or the parent organization.
        timeout: seconds for one request.
        elsewhere: where no key is at hand, look for one in the secrets of Colab and in the keyring.

    Raises:
        MissingKey: there is no key.
        InvalidInput: one of them cannot be right.
    """
    if isinstance(key, OrigamiError):
        raise key
    url, named, seconds = (
        base_url_from(base_url),
        project_from(project),
        validate.seconds(timeout, LONGEST_TIMEOUT, REQUEST),
    )
    if key is None:
        # Last, because it may ask a person: nothing that is wrong anyway should be found out after that.
        looked = key_elsewhere(url, colab=elsewhere and not is_local_url(url), keyring=elsewhere)
        key = looked.key if looked.key is not None else looked.missing()
    if isinstance(key, OrigamiError):
        raise key
    return Settings(key, url, named, seconds)


def base_url_from(base_url: object) -> str:
    """The base URL that was given, else the environment's, else Origami's own.

    Raises:
        InvalidInput: it is none that a key may be sent to.
    """
    return check_base_url(base_url if base_url is not None else os.environ.get("ORIGAMI_BASE_URL") or DEFAULT_BASE_URL)


def project_from(project: object) -> str | None:
    """The project that was given, else the environment's; None for the parent organization.

    Raises:
        InvalidInput: it cannot be a project's id.
    """
    return _check_project(project if project is not None else _project_from_environment())


def check_base_url(url: object) -> str:
    """A base URL that a key may be sent to.

    Raises:
        InvalidInput: it is no URL, or its connection is not encrypted.
    """
    remedy = f"Give the whole prefix, for example {DEFAULT_BASE_URL}."
    if not isinstance(url, str):
        raise InvalidInput("base_url is not text", cause=f"It is {type(url).__name__}.", remedy=remedy)
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    # Only plain hosts: letters of other scripts look like these, and libraries differ in what a backslash means.
    if not host or not HOST.fullmatch(host) or parts.scheme not in ("http", "https") or UNSAFE.search(url.strip()):
        raise InvalidInput("base_url is not a web address", cause="It needs https:// and a host.", remedy=remedy)
    not_a_key(url, "a part of base_url")
    # Also an empty query: what is appended to it would no longer be a path.
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise InvalidInput(
            "base_url holds more than an address",
            cause="A user, a query or a fragment is in it.",
            remedy=remedy,
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidInput(
            "base_url is not encrypted",
            cause="Over plain http the key could be read on the way; that is allowed to this machine itself only.",
            remedy="Use https://.",
        )
    return url.strip().rstrip("/")


def is_local_url(base_url: str) -> bool:
    """Whether a base URL leads to this machine itself."""
    return is_loopback(urlsplit(base_url).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _project_from_environment() -> str | None:
    return os.environ.get("ORIGAMI_PROJECT") or os.environ.get("ORIGAMI_PROJECT_ID") or None


def _check_project(project: object) -> str | None:
    if project is None:
        return None
    fits = isinstance(project, str) and 0 < len(project) <= LONGEST_ID
    if not fits or not all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in str(project)):
        raise InvalidInput(
            "This is not a project id",
            cause=f"project was {shortened(project)}.",
            remedy="Give the project's id (a UUID), or leave it out for the parent organization.",
        )
    return not_a_key(str(project), "a project's id")
