"""Settings of a client (base URL, key, project, timeout), and the environment's proxies and certificates.

Settings are checked once, when a client is made. Proxies and certificates are checked before the HTTP library reads
them, because its errors name neither the variable nor the remedy. A proxy's address may contain a password, so messages
repeat only its scheme or its port.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from origami_widgets.api import validate
from origami_widgets.api.errors import ConnectionFailed, InvalidInput, OrigamiError
from origami_widgets.api.keys.key_sources import find_stored_key
from origami_widgets.api.validate import LONGEST_ID, not_a_key, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine."""
        return is_local_url(self.base_url)

    @property
    def origin(self) -> str:
        """Empty for Origami, else the name of the other host."""
        return "" if self.base_url == DEFAULT_BASE_URL else self.host


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
    """Return the given base URL, else the one in the environment, else Origami's own.

    Raises:
        InvalidInput: a key must not be sent to it.
    """
    return check_base_url(base_url if base_url is not None else os.environ.get("ORIGAMI_BASE_URL") or DEFAULT_BASE_URL)


def resolve_project(project: object) -> str | None:
    """Return the given project, else the one in the environment; None for the parent organization.

    Raises:
        InvalidInput: the value is not the id of a project.
    """
    return _check_project(project if project is not None else _project_from_environment())


def check_base_url(url: object) -> str:
    """Return a base URL without a trailing slash, if a key may be sent to it.

    Raises:
        InvalidInput: it is not a URL, or its connection is not encrypted.
    """
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


def is_local_url(base_url: str) -> bool:
    """Return whether a base URL leads to this machine."""
    return is_loopback(urlsplit(base_url).hostname or "")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
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
            "Invalid project id",
            cause=f"Got {shortened(project)}.",
            remedy="Pass the project's id (a UUID), or leave it out to use the parent organization.",
        )
    return not_a_key(str(project), "a project's id")


CERT_FILE, CERT_DIR = "SSL_CERT_FILE", "SSL_CERT_DIR"
KEY_LOG = "SSLKEYLOGFILE"
"""Variable that names the file to which Python writes the secrets of TLS connections, for debugging."""
PROXIED = ("https", "all", "http")
"""Schemes for which httpx reads a proxy. Requests to Origami use the first one that is set, except `http`."""
PROXY = re.compile(
    r"(?:(https?|socks5h?)://|(?!\S*://))(?:[^\s/]*@)?(?:\[[^\s\]]+\]|[^\s\x00-\x1f\x7f:/?#@\[\]]+)"
    r"(?::(?:0*([1-9]\d{0,4}))?)?(?:[/?#]\S*)?",
    re.ASCII | re.IGNORECASE,
)
"""Matches the address of a proxy, with its scheme and port."""
HIGHEST_PORT = 65_535
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.ASCII)
"""Names of the files in a folder from which OpenSSL reads certificates."""


def proxy_variable() -> str:
    """Return the name of the variable with the proxy for Origami, as spelled in the environment; empty without one."""
    return next((variable for variable, _ in _proxies() if variable.lower() != "http_proxy"), "")


def check_proxies() -> None:
    """Raise an error for a proxy that cannot be used.

    Raises:
        ConnectionFailed: a proxy's address is wrong or its kind is not supported; nothing was sent.
    """
    for variable, address in _proxies():
        if wrong := _proxy_problem(address):
            remedy = f"Fix {variable}, or unset it: del os.environ['{variable}']. Then try again."
            raise _unusable("Invalid proxy setting", f"{variable} {wrong}", remedy, "PROXY_UNUSABLE")


def proxy_error() -> ConnectionFailed:
    """Return the error for proxy settings that httpx refuses although each address looks right."""
    names = [variable for variable, _ in _proxies()]
    exceptions = [name for name in os.environ if name.lower() == "no_proxy"]
    variables = ", ".join(names + exceptions) or "the system's proxy settings"
    rule = f" Each entry of {exceptions[0]} must be a host name, an IP address, or *." if exceptions else ""
    cause = f"The HTTP library can't read {variables}.{rule}"
    remedy = "Fix them, or unset the ones you don't need. Then try again."
    return _unusable("Invalid proxy setting", cause, remedy, "PROXY_UNUSABLE")


def _check_certificates() -> None:
    """Raise an error for a file or folder of certificates that does not exist or contains none.

    Raises:
        ConnectionFailed: a variable names such a file or folder; nothing was sent.
    """
    file, folders = os.environ.get(CERT_FILE), os.environ.get(CERT_DIR, "")
    if file:
        if not Path(file).is_file():
            raise _certificate_error("it isn't a file.")
    elif folders and not any(map(HASHED.fullmatch, _entries(filter(None, folders.split(os.pathsep))))):
        raise _certificate_error("OpenSSL finds no certificate in it. If it is there, run `openssl rehash` on it.")


def trusted() -> ssl.SSLContext:
    """Return a TLS context with the certificates to trust.

    Raises:
        ConnectionFailed: the environment names certificates that cannot be loaded.
    """
    _check_certificates()
    try:
        return _tls(*map(os.environ.get, (CERT_FILE, CERT_DIR, KEY_LOG)))
    except (OSError, ValueError) as error:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
        raise _certificate_error(f"it can't be used ({reason}).") from None


@functools.cache
def _tls(file: str | None, directory: str | None, key_log: str | None) -> ssl.SSLContext:
    """Return a TLS context, made once for each setting: reading the certificates takes a tenth of a second.

    Without one of the two variables, it trusts what the system trusts, where companies install the certificate of a
    proxy that inspects traffic, and what certifi lists, because small containers have no certificates of their own.
    """
    if file or directory:
        return ssl.create_default_context(cafile=file or None, capath=None if file else directory)
    import certifi
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    if key_log:
        context.keylog_filename = key_log
    return context


@functools.cache
def no_trust() -> ssl.SSLContext:
    """Return a TLS context without any certificates, for requests without encryption."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _certificate_error(reason: str) -> ConnectionFailed:
    """Return the error for certificates that cannot be loaded.

    Args:
        reason: the reason, as a clause with a full stop.
    """
    # With a file, the folder is not read.
    sources = [name for name in (CERT_FILE, CERT_DIR) if os.environ.get(name)][:1]
    named = [*sources, *filter(os.environ.get, (KEY_LOG,))]
    given = " and ".join(f"{name} is {os.environ[name]!r}" for name in named) or "No certificates could be loaded"
    remedy = f"Fix or unset {' and '.join(named)}. Then try again."
    if not named:
        remedy = f"Reinstall the package certifi, or set {CERT_FILE} to a file of certificates."
    return _unusable("Can't load the trusted certificates", f"{given}: {reason}", remedy, "CERTIFICATES_UNUSABLE")


def describe_certificates() -> str:
    """Return a space and a sentence about the variable that names the certificates; empty without one."""
    return next((f" Now {name} is {os.environ[name]!r}." for name in (CERT_FILE, CERT_DIR) if os.environ.get(name)), "")


def _proxies() -> Iterator[tuple[str, str]]:
    """Yield the variables and addresses of proxies; of two spellings of a variable, the one that counts."""
    # Imported here, because it imports a lot. The HTTP library has imported it by then.
    from urllib.request import getproxies_environment

    addresses = getproxies_environment()
    for scheme in PROXIED:
        if address := addresses.get(scheme):
            wanted = f"{scheme}_proxy"
            spelled = [name for name in os.environ if name.lower() == wanted and os.environ[name] == address]
            yield (wanted if wanted in spelled else (spelled or [wanted.upper()])[0]), address


def _proxy_problem(address: str) -> str:
    """Return what is wrong with a proxy's address, as text to follow the variable's name; empty if nothing is."""
    found = PROXY.fullmatch(address)
    if found is None or int(found[2] or 1) > HIGHEST_PORT:
        return (
            "isn't the address of a proxy. It must look like http://host:port, with a port from 1 to 65535; https://, "
            "socks5:// and socks5h:// work, too."
        )
    if (found[1] or "").lower().startswith("socks") and importlib.util.find_spec("socksio") is None:
        return (
            "is a SOCKS proxy, which needs the package socksio. Run: pip install 'httpx[socks]', then restart the "
            "kernel."
        )
    return ""


def _entries(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        with contextlib.suppress(OSError):
            yield from (entry.name for entry in Path(folder).iterdir())


def _unusable(title: str, cause: str, remedy: str, code: str) -> ConnectionFailed:
    error = ConnectionFailed(title, cause=f"{cause} Nothing was sent.", remedy=remedy, code=code)
    error.sent = False
    return error
