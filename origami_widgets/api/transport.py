"""One request, one answer. The only place that knows the HTTP library, and the only place that reveals the key."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import ssl
import weakref
import zlib
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from origami_widgets.api import threadless
from origami_widgets.api.answer import Answer
from origami_widgets.api.errors import (
    ConnectionFailed,
    InvalidInput,
    OrigamiError,
    RedirectRefused,
    RequestTimedOut,
    UnexpectedAnswer,
)
from origami_widgets.api.loop import background
from origami_widgets.api.redact import hide_key, keep_out_of_logs
from origami_widgets.api.retry_after import http_date, retry_after
from origami_widgets.api.wire import decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping
    from datetime import datetime

    from origami_widgets.api.settings import Settings

LARGEST_BODY = 32 * 1024 * 1024
FIRST_REDIRECT, LAST_REDIRECT = 300, 399
SUCCESS = range(200, 300)
LONGEST_REASON = 200
USER_AGENT = "origami-widgets"


class KeyForOneHost(httpx.Auth):
    """Adds the key and the project, and to nothing but the configured host over the configured scheme.

    Args:
        settings: where the key belongs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = httpx.URL(settings.base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers where they may go."""
        url, home = request.url, self._home
        if (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port):
            request.headers["Authorization"] = f"Bearer {self._settings.key.reveal()}"
            if self._settings.project:
                request.headers["x-origami-project"] = self._settings.project
        yield request


class Transport:
    """Sends requests on the background loop.

    Args:
        settings: where to send them.
        inner: what carries them instead of the network (the sandbox in this process).

    Raises:
        ConnectionFailed: this Python runs in a browser.
    """

    def __init__(self, settings: Settings, inner: httpx.AsyncBaseTransport | None = None) -> None:
        _check_home(settings.base_url)
        if inner is None and threadless.IN_BROWSER:
            raise _no_sockets(settings.host)
        self._settings = settings
        self._inner = inner
        self._client: httpx.AsyncClient | None = None
        self._generation = -1

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read its answer; exactly one attempt.

        Args:
            method: the HTTP method.
            path: appended to the base URL; begins with a slash, segments percent-encoded.
            params: the query.
            body: what to send as JSON.
            headers: further headers.

        Raises:
            ConnectionFailed: no answer came; `sent` tells whether the request may have arrived.
            RedirectRefused: the answer points elsewhere.
            UnexpectedAnswer: a success whose body is no JSON, or too large.
        """
        sent: list[bool] = []

        async def trace(event: str, _info: object) -> None:
            if event.endswith("send_request_headers.started"):
                sent.append(True)

        request = self._on_this_loop().build_request(
            method,
            f"{self._settings.base_url}{path}",
            params=dict(params) if params else None,
            json=body,
            headers=dict(headers or {}),
            extensions={"trace": trace, "timeout": httpx.Timeout(self._settings.timeout).as_dict()},
        )
        failure: OrigamiError | None = None
        answer: Answer | None = None
        told: list[float] = []
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._exchange(request, told)
        except TimeoutError:
            failure = self._too_slow(sent=bool(sent) or self._inner is not None)
        except httpx.TimeoutException as error:
            early = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            failure = self._too_slow(sent=not early)
        except httpx.HTTPError as error:
            failure = _no_answer(error, self._settings.host, self._hidden(_plain(_root(error))), sent=bool(sent))
        # Raised out here: inside the handlers the library's own exception, whose frames hold the request with its
        # headers, would travel along as context.
        if failure is not None:
            if told:
                # The answer was cut short, but what it told at its beginning holds.
                failure.retry_after = told[-1]
            raise failure
        if answer is None:  # pragma: no cover - one of the two is always there
            raise UnexpectedAnswer("There was no answer", transient=True)
        return answer

    async def _exchange(self, request: httpx.Request, told: list[float]) -> Answer:
        response = await self._on_this_loop().send(request, stream=True)
        wait = _told_to_wait(response)
        if wait is not None:
            told.append(wait)
        try:
            if FIRST_REDIRECT <= response.status_code <= LAST_REDIRECT:
                raise RedirectRefused(
                    "The server sends the request elsewhere",
                    cause=f"It answered {response.status_code}, to {_host_of(self._hidden(response.headers.get('location', '')))}. "
                    "The key is not carried there.",
                    remedy="Is there a sign-in page of the network? If not, a proxy is in between, or base_url is wrong.",
                    code="REDIRECT_REFUSED",
                    status_code=response.status_code,
                )
            response.headers = httpx.Headers(
                [(name, self._hidden(value)) for name, value in response.headers.multi_items()]
            )
            return _answer(response, self._hidden_bytes(await _read(response)))
        except UnexpectedAnswer as error:
            error.retry_after = wait
            raise
        finally:
            await response.aclose()

    def _hidden(self, said: str) -> str:
        """What a server said, without the key: a proxy's error page may repeat the request, the key with it."""
        return self._hidden_bytes(said.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def _hidden_bytes(self, said: bytes) -> bytes:
        return hide_key(said, self._settings.key.reveal())

    def _on_this_loop(self) -> httpx.AsyncClient:
        """Connections belong to the loop they were made on; a new loop gets new ones."""
        loop = background()
        if self._client is None or self._generation != loop.generation:
            loopback = urlsplit(self._settings.base_url).scheme == "http"
            client = httpx.AsyncClient(
                auth=KeyForOneHost(self._settings),
                transport=self._inner,
                verify=_tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
                follow_redirects=False,
                # A proxy of the environment must not see what is meant for this machine itself.
                trust_env=not loopback,
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
                limits=httpx.Limits(max_connections=20, keepalive_expiry=30.0),
                # The API has no cookies; those of a proxy in between would be kept, and may repeat the request.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
            keep_out_of_logs()
            self._client, self._generation = client, loop.generation
            loop.on_stop(id(client), client.aclose)
            weakref.finalize(self, loop.forget, id(client)).atexit = False
        return self._client

    def renew(self) -> None:
        """Use new connections from now on. Background loop only.

        What is on its way over the old ones is not cut off: it may be a POST that starts a run.
        """
        client, self._client = self._client, None
        if client is not None and self._generation == background().generation:
            loop = asyncio.get_running_loop()
            loop.call_later(self._settings.timeout, background().forget, id(client))

    def _too_slow(self, *, sent: bool) -> RequestTimedOut:
        error = RequestTimedOut(
            "Origami did not answer in time",
            cause=f"No complete answer came within {self._settings.timeout:g} s.",
            remedy="Check the network, then try again. A run that is being watched is asked about again by itself.",
            code="TIMED_OUT",
            transient=True,
        )
        error.sent = sent
        return error


def _check_home(base_url: str) -> None:
    """Refuse an address that the library could not send to: found out later, it would be no error of ours.

    Raises:
        InvalidInput: its host is no name and no number that exists.
    """
    try:
        readable = bool(httpx.URL(base_url).host)
    except (httpx.InvalidURL, UnicodeError):
        readable = False
    if not readable:
        raise InvalidInput(
            "base_url is not a web address",
            cause="There can be no such host.",
            remedy="Give the whole prefix, as the API's documentation names it.",
        )


def _no_sockets(host: str) -> ConnectionFailed:
    """What a browser can send follows redirects with the key, and only where the server invites other pages."""
    return ConnectionFailed(
        "Python in a browser cannot reach Origami",
        cause=f"It has no sockets, and a page may not speak to {host} unless that invites other pages, which Origami's API "
        "does not promise. Nothing was sent.",
        remedy="Use a notebook whose kernel runs on a computer: JupyterLab, VS Code, Colab, marimo. The sandbox works here, "
        "with simulated time and no account: client = ow.Sandbox(speed=20).client().",
        code="NO_SOCKETS",
    )


@functools.cache
def _tls(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """The certificates to trust. Reading them takes a tenth of a second, so it is done once per setting."""
    return httpx.create_ssl_context()


async def _read(response: httpx.Response) -> bytes:
    """The body, decompressed under a cap: a small answer can unpack to more than this machine has."""
    if isinstance(response.stream, httpx.AsyncByteStream) and not response.is_stream_consumed:
        pieces = response.aiter_raw()
    else:  # pragma: no cover - transports always stream
        raise UnexpectedAnswer("The answer cannot be read", transient=True)
    packed = response.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
    # Not one buffer: that grows by more than it needs, and beyond the cap.
    kept: list[bytes] = []
    size = 0
    async for piece in _unpacked(pieces) if packed else pieces:
        size += len(piece)
        if size > LARGEST_BODY:
            raise UnexpectedAnswer(
                "The answer is too large",
                cause=f"It is larger than {LARGEST_BODY // 2**20} MiB.",
                remedy="If it stays, tell support the request id.",
                code="ANSWER_TOO_LARGE",
                request_id=response.headers.get("x-request-id"),
                transient=True,
            )
        kept.append(piece)
    return b"".join(kept)


async def _unpacked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    begun = False
    try:
        async for piece in pieces:
            rest = piece
            begun = begun or bool(piece)
            while rest:
                yield unpacker.decompress(rest, 256 * 1024)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        raise httpx.DecodingError("The answer's compression is broken") from None
    if begun and not unpacker.eof:
        raise httpx.RemoteProtocolError("The answer was cut off")


def _told_to_wait(response: httpx.Response) -> float | None:
    return retry_after(response.headers.get_list("retry-after"), now=_date(response))


def _date(response: httpx.Response) -> datetime | None:
    return http_date(response.headers["date"]) if "date" in response.headers else None


def _answer(response: httpx.Response, raw: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body, oddity = None, ""
    try:
        body = decode(raw)
    except UnexpectedAnswer as error:
        if response.status_code in SUCCESS:
            error.status_code, error.request_id = response.status_code, headers.get("x-request-id")
            raise
        oddity = error.cause
    return Answer(
        status_code=response.status_code,
        body=body,
        headers=headers,
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        retry_after=_told_to_wait(response),
        server_date=_date(response),
        request_id=headers.get("x-request-id"),
        sandbox=headers.get("x-origami-sandbox") == "true",
        oddity=oddity,
    )


def _no_answer(error: httpx.HTTPError, host: str, said: str, *, sent: bool) -> OrigamiError:
    reason = _root(error)
    if isinstance(error, httpx.ProxyError):
        title, code, remedy = "The proxy refuses the connection", "PROXY_REFUSED", "Check HTTPS_PROXY."
    elif isinstance(reason, ssl.SSLError):
        title, code = "The connection is not secure", "TLS_FAILED"
        remedy = "Is the clock right? Does the network read encrypted traffic? Then SSL_CERT_FILE must name its root."
    else:
        title, code = "Origami cannot be reached", "NO_CONNECTION"
        remedy = "Check the network and base_url, then try again. A watched run is asked about again by itself."
    failure = ConnectionFailed(
        title,
        cause=f"{host}: {said[:LONGEST_REASON]}",
        remedy=remedy,
        code=code,
        transient=True,
    )
    failure.sent = sent or isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError)
    return failure


def _root(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def _plain(error: BaseException) -> str:
    """The library's sentence, or the name of its kind where it has none."""
    return str(error) or type(error).__name__


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another path"
    except ValueError:
        return "an address that is none"
