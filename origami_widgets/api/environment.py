"""The environment variables that say how a request travels: which proxy it takes, and which certificates it trusts.

They are checked before the HTTP library reads them: its own errors name neither the variable nor what to do. A proxy's
address may hold a password, so no message repeats more of it than its scheme or its port.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from origami_widgets.api.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

CERT_FILE, CERT_DIR = "SSL_CERT_FILE", "SSL_CERT_DIR"
KEY_LOG = "SSLKEYLOGFILE"
"""The file that Python writes the secrets of TLS connections to, for those who debug them."""
PROXIED = ("https", "all", "http")
"""The schemes that the HTTP library reads a proxy for. Requests to Origami take the first of them that is set, but `http`."""
HTTP_PROXIES, SOCKS_PROXIES = ("http", "https"), ("socks5", "socks5h")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}", re.ASCII | re.IGNORECASE)
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.ASCII)
"""The names under which OpenSSL looks for the certificates in a folder."""


def proxy_variable() -> str:
    """The variable that names the proxy of a request to Origami, as it is spelled in the environment; empty for none."""
    return next((variable for variable, _ in _proxies() if variable.lower() != "http_proxy"), "")


def check_proxies() -> None:
    """Refuse a proxy that no request can be sent through.

    Raises:
        ConnectionFailed: an address is wrong, or names a kind of proxy that cannot be used; nothing was sent.
    """
    for variable, address in _proxies():
        if wrong := _wrong_proxy(address):
            remedy = f"Correct {variable}, or unset it: del os.environ['{variable}']. Then try again."
            raise _unusable("The proxy setting cannot be used", f"{variable} {wrong}", remedy, "PROXY_UNUSABLE")


def proxies_refused() -> ConnectionFailed:
    """The error for proxy settings that the HTTP library refuses although each address looks right."""
    names = [variable for variable, _ in _proxies()]
    exceptions = [name for name in os.environ if name.lower() == "no_proxy"]
    said = ", ".join(names + exceptions) or "the system's proxy settings"
    rule = f" Each entry of {exceptions[0]} must be a host name, an IP address, or *." if exceptions else ""
    cause = f"The HTTP library cannot read {said}.{rule}"
    remedy = "Correct them, or unset what is not needed. Then try again."
    return _unusable("The proxy setting cannot be used", cause, remedy, "PROXY_UNUSABLE")


def check_certificates() -> None:
    """Refuse a file or folder of certificates that is not there.

    Raises:
        ConnectionFailed: a variable names none; nothing was sent.
    """
    if file := os.environ.get(CERT_FILE):
        if not Path(file).is_file():
            raise certificates_refused("there is no such file." if not Path(file).exists() else "that is not a file.")
    elif folders := os.environ.get(CERT_DIR):
        found = [Path(each) for each in folders.split(os.pathsep) if each and Path(each).is_dir()]
        if not found:
            raise certificates_refused("there is no such folder.")
        if not any(HASHED.fullmatch(entry.name) for folder in found for entry in _entries(folder)):
            raise certificates_refused(
                "no file in it has a name that OpenSSL looks for, as `openssl rehash` makes them."
            )


def certificates_refused(reason: str) -> ConnectionFailed:
    """The error for trusted certificates that cannot be loaded.

    Args:
        reason: what is wrong with them, a clause that ends in a full stop.
    """
    variable = next((name for name in (CERT_FILE, CERT_DIR) if os.environ.get(name)), "")
    key_log = os.environ.get(KEY_LOG)
    if key_log and not _can_be_written(Path(key_log)):
        remedy = (
            f"Let {KEY_LOG} name a file that can be written, or unset it: del os.environ['{KEY_LOG}']. Then try again."
        )
        cause = f"{KEY_LOG} is {key_log!r}, and that file cannot be written."
    elif not variable:
        remedy = (
            "Reinstall the package certifi, or name a file of certificates in the environment variable SSL_CERT_FILE."
        )
        cause = f"No certificates can be loaded: {reason}"
    else:
        kind = "file of certificates in PEM form" if variable == CERT_FILE else "folder of certificates"
        remedy = f"Let {variable} name a {kind}, or unset it: del os.environ['{variable}']. Then try again."
        cause = f"{variable} is {os.environ[variable]!r}: {reason}"
    return _unusable("The trusted certificates cannot be loaded", cause, remedy, "CERTIFICATES_UNUSABLE")


def certificates_named() -> str:
    """A sentence, after a space, about the variable that names the trusted certificates now; empty where none does."""
    return next((f" Now {name} is {os.environ[name]!r}." for name in (CERT_FILE, CERT_DIR) if os.environ.get(name)), "")


def _proxies() -> Iterator[tuple[str, str]]:
    """Variables and addresses; where one is spelled in two ways, the one that counts."""
    addresses = getproxies_environment()
    for scheme in PROXIED:
        if address := addresses.get(scheme):
            wanted = f"{scheme}_proxy"
            spelled = [name for name in os.environ if name.lower() == wanted and os.environ[name] == address]
            yield (wanted if wanted in spelled else (spelled or [wanted.upper()])[0]), address


def _wrong_proxy(address: str) -> str:
    """What is wrong with the address of a proxy, a clause after the variable's name; empty for nothing."""
    scheme, separator, _ = address.partition("://")
    scheme = scheme.lower() if separator else "http"
    if scheme not in HTTP_PROXIES + SOCKS_PROXIES:
        named = f"names a proxy of the kind {scheme!r}" if SCHEME.fullmatch(scheme) else "is not the address of a proxy"
        return f"{named}. It must begin with http://, https://, socks5:// or socks5h://."
    try:
        parts = urlsplit(address if separator else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return "holds a port or a host that cannot exist. A port is a number from 1 to 65535."
    if not host or not address.isprintable() or any(letter.isspace() for letter in address):
        return "names no host, or holds a space or a control character. It must look like http://host:port."
    if port == 0:
        return "holds the port 0. A port is a number from 1 to 65535."
    if scheme in SOCKS_PROXIES and importlib.util.find_spec("socksio") is None:
        return (
            "names a SOCKS proxy, which needs the package socksio: pip install 'httpx[socks]', then restart the kernel."
        )
    return ""


def _can_be_written(file: Path) -> bool:
    return os.access(file if file.exists() else file.parent, os.W_OK) and not file.is_dir()


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def _unusable(title: str, cause: str, remedy: str, code: str) -> ConnectionFailed:
    error = ConnectionFailed(title, cause=f"{cause} Nothing was sent.", remedy=remedy, code=code)
    error.sent = False
    return error
