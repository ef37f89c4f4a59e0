"""What stands between a client and a server: certificates, and a proxy that tunnels until it wants a login."""

from __future__ import annotations

import contextlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine and its key; whoever is to trust it is given the certificate itself."""
    if shutil.which("openssl") is None:
        raise FileNotFoundError("The command openssl is missing: these tests make their certificates with it.")
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
            # Python 3.13 and newer trust no authority that does not say so.
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-out", str(cert), "-keyout", str(key)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def issued(folder: Path, authority: tuple[Path, Path]) -> tuple[Path, Path]:
    """A certificate for this machine that an authority has signed, and its key."""
    cert, key, wish, names = (folder / f"issued.{each}" for each in ("pem", "key", "csr", "names"))
    names.write_text("subjectAltName=IP:127.0.0.1\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    wished = ("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=issued", "-keyout", key, "-out", wish)
    signed = ("x509", "-req", "-in", wish, "-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial")
    for each in (wished, (*signed, "-days", "2", "-extfile", names, "-out", cert)):
        subprocess.run(["openssl", *map(str, each)], check=True, capture_output=True)
    return cert, key


def context_of(cert: Path, key: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    return made


class TunnelProxy(socketserver.ThreadingTCPServer):
    """A proxy for https. Use it as a context manager.

    Attributes:
        refuse_from: so many tunnels are opened before a login is wanted.
        refuse_until: after so many requests none is wanted any more.
        asked: the first line and the headers of every request for a tunnel.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, refuse_from: int, refuse_until: int) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.refuse_from, self.refuse_until = refuse_from, refuse_until
        self.asked: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Tunnel(socketserver.BaseRequestHandler):
    server: TunnelProxy

    def handle(self) -> None:
        top = b""
        while b"\r\n\r\n" not in top:
            more = self.request.recv(65_536)
            if not more:
                return
            top += more
        self.server.asked.append(top)
        if self.server.refuse_from < len(self.server.asked) <= self.server.refuse_until:
            self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = top.split(b" ")[1].decode().partition(":")
        with socket.create_connection((host, int(port))) as there:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(there, self.request), daemon=True)
            back.start()
            _pump(self.request, there)
            back.join(10)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
