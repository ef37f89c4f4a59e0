"""`Transport`: send one request and return its response. The only module that imports httpx and reveals the key."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib
import os
import ssl
import weakref
from collections.abc import Generator, Mapping
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import (
    ConnectionFailed,
    InvalidInput,
    OrigamiError,
    RedirectRefused,
    RequestTimedOut,
    UnexpectedAnswer,
)
from origami_widgets.api.keys.secret import hide_all, hide_keys_in_logs
from origami_widgets.api.responses import (
    BOM,
    SUCCESS,
    ApiRequest,
    ApiResponse,
    decode,
    parse_http_date,
    parse_retry_after,
)
from origami_widgets.host import runtime

if TYPE_CHECKING:
    from origami_widgets.api.client_settings import Settings

LARGEST_BODY = 32 * 1024 * 1024
FIRST_REDIRECT, LAST_REDIRECT = 300, 399
LONGEST_REASON = 200
USER_AGENT = "origami-widgets"
STACK = (
    "httpcore",
    "h11",
    "anyio",
    "anyio._backends._asyncio",
    "anyio.streams.tls",
    "certifi",
    "truststore",
    "encodings.idna",
    "concurrent.futures.thread",
)
"""Modules that httpx and asyncio import on first use, which would be on the background loop.

anyio has no public way to load the backend of asyncio alone: `anyio.get_available_backends` (4.12) also loads trio.
"""
VARIABLES = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
"""Variables of the environment from which connections are made."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Errors that httpx raises before a request is sent."""


class KeyForOneHost(httpx.Auth):
    """Adds the key and the project to requests for the configured scheme, host and port, and to no others.

    Args:
        settings: key, project and base URL.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = httpx.URL(settings.base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers if the request goes to the configured host."""
        url, home = request.url, self._home
        if (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port):
            request.headers["Authorization"] = f"Bearer {self._settings.key.reveal()}"
            if self._settings.project:
                request.headers["x-origami-project"] = self._settings.project
        yield request


class Transport:
    """Sends requests on the background loop.

    Args:
        settings: key, base URL, project and timeout.
        inner: an HTTP transport that replaces the network, as for the embedded sandbox.

    Raises:
        ConnectionFailed: this Python runs in a browser.
    """

    def __init__(self, settings: Settings, inner: httpx.AsyncBaseTransport | None = None) -> None:
        _check_host(settings.base_url)
        if inner is None:
            if runtime.IN_BROWSER:
                raise _no_sockets(settings.host)
            _load_stack()
        self._settings = settings
        self._inner = inner
        self._is_encrypted = inner is None and urlsplit(settings.base_url).scheme == "https"
        self._client: httpx.AsyncClient | None = None
        self._owner = object()
        self._generation = -1

    async def send(self, asked: ApiRequest) -> ApiResponse:
        """Send one request and read its response, in exactly one attempt.

        Args:
            asked: the request.

        Raises:
            ConnectionFailed: no response came; `sent` says whether the request may have arrived.
            InvalidInput: the request cannot be encoded; nothing was sent.
            RedirectRefused: the response redirects elsewhere.
            UnexpectedAnswer: the body of a success is not JSON, or too large.
        """
        outcome = await self._attempt(asked, self._settings.timeout if asked.within is None else asked.within)
        if isinstance(outcome, OrigamiError):
            # Raised here, without traceback and causes: the frames and exceptions of the HTTP library hold the request,
            # whose headers hold the key.
            outcome.__cause__ = outcome.__context__ = None
            raise outcome.with_traceback(None)
        return outcome

    async def _attempt(self, asked: ApiRequest, within: float) -> ApiResponse | OrigamiError:
        """Send one request. Return any exception except a cancellation as an error of this package."""
        sent: list[bool] = []
        waits: list[float] = []

        async def trace(event: str, info: Mapping[str, object]) -> None:
            # A proxy first gets a request for a tunnel, which is not our request.
            is_tunnel = getattr(info.get("request"), "method", None) == b"CONNECT"
            if event.endswith("send_request_headers.started") and not is_tunnel:
                sent.append(True)

        client: httpx.AsyncClient | None = None
        try:
            client = self._client_of_loop()
            try:
                request = client.build_request(
                    asked.method,
                    f"{self._settings.base_url}{asked.path}",
                    params=dict(asked.params) if asked.params else None,
                    json=asked.body,
                    headers=dict(asked.headers or {}),
                    extensions={"trace": trace, "timeout": httpx.Timeout(within).as_dict()},
                )
            except (ValueError, TypeError, httpx.InvalidURL) as error:
                return InvalidInput(
                    "Request can't be sent",
                    cause=f"It contains a value that can't be encoded ({type(error).__name__}). Nothing was sent.",
                    remedy="Check the values for half an emoji, a control character or a number that isn't finite.",
                )
            async with runtime.time_limit(within):
                return await self.exchange(client, request, waits)
        except asyncio.CancelledError:
            self._check_pool(client, sent=bool(sent))
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library raises: its frames hold the key
            failure = self._failure(error, within, sent=bool(sent))
        if isinstance(failure, RequestTimedOut):
            self._check_pool(client, sent=bool(sent))
        if waits:
            # The response was cut off, but its headers arrived.
            failure.retry_after = waits[-1]
        return failure

    def _failure(self, error: Exception, within: float, *, sent: bool) -> OrigamiError:
        """Return this package's error for an exception of the HTTP library."""
        if isinstance(error, OrigamiError):
            return error
        # A transport inside this process does not report when it begins to send.
        sent = sent or (self._inner is not None and not isinstance(error, NOT_SENT))
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            failure: ConnectionFailed = RequestTimedOut(
                "Request timed out",
                cause=f"No complete response within {within:g} s.",
                remedy="Check the network, then try again. If you're watching a run, we'll keep retrying.",
                code="TIMED_OUT",
                transient=True,
            )
        else:
            failure = _no_response(error, self._settings.host, _variables() if self._is_encrypted else "")
        failure.sent = sent
        return failure

    def _check_pool(self, client: httpx.AsyncClient | None, *, sent: bool) -> None:
        """Use new connections after a request that was abandoned before it was sent.

        httpcore may count the connection of such a request as in use for ever (encode/httpcore#1093, open; 1.0.9). After
        twenty of those, nothing could be sent any more. This goes when the lowest httpx needs an httpcore with the repair.
        """
        if not sent and self._inner is None and client is not None and client is self._client:
            self.renew()

    async def exchange(self, client: httpx.AsyncClient, request: httpx.Request, waits: list[float]) -> ApiResponse:
        """Send one request and read its whole response. Note its `Retry-After` in `waits`, even if the response breaks off."""
        response = await client.send(request, stream=True)
        date = response.headers.get("date")
        now = None if date is None else parse_http_date(date)
        wait = parse_retry_after(response.headers.get_list("retry-after"), now=now)
        if wait is not None:
            waits.append(wait)
        try:
            if FIRST_REDIRECT <= response.status_code <= LAST_REDIRECT:
                raise RedirectRefused(
                    "Unexpected redirect",
                    cause=f"The server returned {response.status_code}, to "
                    f"{_host_of(hide_all(response.headers.get('location', '')))}. "
                    "We don't send your key there.",
                    remedy="Check whether the network has a sign-in page. If not, check base_url and any proxy.",
                    code="REDIRECT_REFUSED",
                    status_code=response.status_code,
                )
            # A proxy's page may repeat the request and its headers.
            key = self._settings.key
            # As bytes, because a header may hold any bytes, and text would have to be ASCII to be put back.
            response.headers = httpx.Headers(key.hide_in(response.headers.raw))
            return _decoded(response, key.hide(await _read(response)), wait, now)
        finally:
            await response.aclose()

    def _client_of_loop(self) -> httpx.AsyncClient:
        """Return the HTTP client of the current loop, as connections belong to the loop that they were made on."""
        loop = background()
        if self._client is None or self._client.is_closed or self._generation != loop.generation:
            client = self._new_client()
            hide_keys_in_logs()
            # Not the client's `id`, which a later client may have, too.
            self._client, self._generation, self._owner = client, loop.generation, object()
            loop.on_stop(self._owner, client.aclose)
            weakref.finalize(self, loop.forget, self._owner).atexit = False
        return self._client

    def _new_client(self) -> httpx.AsyncClient:
        try:
            return httpx.AsyncClient(
                auth=KeyForOneHost(self._settings),
                transport=self._inner,
                verify=_tls() if self._is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                follow_redirects=False,
                # The environment's proxy must not see requests to this machine.
                trust_env=self._is_encrypted,
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
                limits=httpx.Limits(max_connections=20, keepalive_expiry=30.0),
                # The API sets no cookies. A proxy's cookies would be kept, and may repeat the request.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
            raise _unusable(error) from None

    def renew(self) -> None:
        """Use new connections from now on. Background loop only.

        Requests in flight over the old ones are not aborted: one may be a POST that starts a run.
        """
        client, self._client = self._client, None
        if client is not None and self._generation == background().generation:
            loop = asyncio.get_running_loop()
            loop.call_later(self._settings.timeout, background().forget, self._owner)


def _load_stack() -> None:
    """Import all modules that a request needs, on the caller's thread.

    If an interrupt reaches the main thread while it holds one of Python's import locks, it may never release the lock.
    The background loop would wait for it for ever, so the loop must have nothing left to import.
    """
    for name in STACK:
        # These are internal modules of the libraries; other versions import theirs with the first request.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _variables() -> str:
    """Return the names of the variables that are set for connections, joined by commas. Their values may hold a password."""
    return ", ".join(name for name, value in os.environ.items() if value and name.upper() in VARIABLES)


def _tls() -> ssl.SSLContext:
    """Return a TLS context with the certificates to trust."""
    return _tls_of(*map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")))


@functools.cache
def _tls_of(file: str | None, directory: str | None, key_log: str | None) -> ssl.SSLContext:
    """Return a TLS context, made once for each setting: reading the certificates takes a tenth of a second.

    Without one of the first two, it trusts what the system trusts, where companies install the certificate of a proxy
    that inspects traffic, and what certifi lists, because small containers have no certificates of their own.
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


def _unusable(error: Exception) -> ConnectionFailed:
    """Return the error for variables of the environment from which no connection can be made."""
    # Another message may repeat a proxy's address, and with it a password.
    reason = str(error) if isinstance(error, OSError | ImportError) else type(error).__name__
    failure = ConnectionFailed(
        "Can't set up the connection",
        cause=f"The environment has settings that can't be used: {reason}. Nothing was sent.",
        remedy=f"Fix {_variables() or 'the proxy settings of the system'}, or unset what you don't need. Then try again.",
        code="CONNECTION_SETTINGS",
    )
    failure.sent = False
    return failure


def _check_host(base_url: str) -> None:
    """Refuse a base URL that httpx cannot send to, which would otherwise fail later with an error that is not ours.

    Raises:
        InvalidInput: the host is neither a valid name nor a valid address.
    """
    with contextlib.suppress(httpx.InvalidURL, UnicodeError):
        if httpx.URL(base_url).host:
            return
    raise InvalidInput(
        "Invalid base_url",
        cause="The host name isn't valid.",
        remedy="Use the full URL from the API's documentation.",
    )


def _no_sockets(host: str) -> ConnectionFailed:
    """Return the error for a client in a browser, whose requests would need CORS and would follow redirects with the key."""
    return ConnectionFailed(
        "Can't reach Origami from Python in a browser",
        cause=f"It has no sockets, and {host} doesn't allow requests from other web pages. Nothing was sent.",
        remedy="Use a notebook whose kernel runs outside the browser: JupyterLab, VS Code, Colab, marimo. The "
        "sandbox works here, with simulated time and no account: ow.use_sandbox(speed=20).",
        code="NO_SOCKETS",
    )


async def _read(response: httpx.Response) -> bytes:
    """Return the body, decompressed, up to a size limit."""
    # Not one buffer, which would grow by more than needed, and beyond the limit.
    kept: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > LARGEST_BODY:
            raise UnexpectedAnswer(
                "Response is too large",
                cause=f"It's larger than {LARGEST_BODY // 2**20} MiB.",
                remedy="If it keeps happening, contact support with the request id.",
                code="ANSWER_TOO_LARGE",
                request_id=response.headers.get("x-request-id"),
                transient=True,
            )
        kept.append(piece)
    return b"".join(kept)


def _decoded(response: httpx.Response, raw: bytes, retry_after: float | None, now: datetime | None) -> ApiResponse:
    headers = {name.lower(): value for name, value in response.headers.items()}
    is_success = response.status_code in SUCCESS
    is_csv = headers.get("content-type", "").partition(";")[0].strip().lower() == "text/csv"
    body, problem = None, "" if raw.strip() else "The response is empty."
    try:
        if not problem:
            body = raw.removeprefix(BOM).decode("utf-8", "replace") if is_csv and is_success else decode(raw)
    except UnexpectedAnswer as error:
        if is_success:
            error.status_code, error.request_id = response.status_code, headers.get("x-request-id")
            raise
        problem = error.cause
    return ApiResponse(
        status_code=response.status_code,
        body=body,
        headers=headers,
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        retry_after=retry_after,
        server_date=now,
        request_id=headers.get("x-request-id"),
        sandbox=headers.get("x-origami-sandbox") == "true",
        problem=problem,
    )


def _no_response(error: Exception, host: str, variables: str) -> ConnectionFailed:
    """Return the error for an exception of the HTTP library.

    Args:
        error: the exception.
        host: the host of the request.
        variables: the variables of the environment from which the connection was made.
    """
    root = _root(error)
    reason = hide_all(_text_of(root))
    if isinstance(error, httpx.ProxyError):
        title, code = "Proxy refused the connection", "PROXY_REFUSED"
        remedy = "Check the address, user and password in HTTPS_PROXY."
    elif isinstance(root, ssl.SSLError):
        title, code = "Connection isn't secure", "TLS_FAILED"
        remedy = (
            "Check this machine's clock. If the network inspects encrypted traffic, add its root certificate to those "
            "of this system, or set SSL_CERT_FILE to it."
        )
    elif isinstance(error, httpx.HTTPError):
        title, code = "Can't reach Origami", "NO_CONNECTION"
        remedy = "Check the network and base_url, then try again. If you're watching a run, we'll keep retrying."
    else:
        # The library should not raise it. What the server has done is unknown.
        title, code = "The request failed", "REQUEST_FAILED"
        remedy = "Try again. If it keeps happening, please report it with the lines above."
        kind = type(root).__name__
        reason = kind if reason == kind else f"{kind}: {reason}"
    if variables:
        remedy += f" The environment has {variables}."
    return ConnectionFailed(title, cause=f"{host}: {reason[:LONGEST_REASON]}", remedy=remedy, code=code, transient=True)


def _root(error: BaseException) -> BaseException:
    """Return the first exception of a chain, and the first member of a group."""
    known = {id(error)}
    while True:
        group = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        deeper = error.__cause__ or error.__context__ or group
        if deeper is None or id(deeper) in known:
            return error
        known.add(id(deeper))
        error = deeper


def _text_of(error: BaseException) -> str:
    """Return the message of an exception, or its class name if it has none."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - the error is reported all the same
        return type(error).__name__


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another path"
    except ValueError:
        return "an invalid address"
