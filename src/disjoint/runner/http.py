"""One bounded HTTP exchange: GET or HEAD, no redirect, no decoding, a cap on everything.

The standard library's client over a socket of our own, because the socket is what must be
dialled by reach_at, watched by the deadline, and asked for its certificate.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from typing import Any
from urllib.parse import SplitResult, urlsplit

from disjoint.model.probe import HttpAnswer, HttpRequest, Probe, ProbeError

HTTP_SECONDS = 5.0
_READS = frozenset({"GET", "HEAD"})
_MARKS = frozenset({"POST", "DELETE"})
_PORTS = {"http": 80, "https": 443}
_OURS = {"User-Agent": "disjoint", "Accept-Encoding": "identity", "Connection": "close"}

Dial = Callable[[str, int], socket.socket]


def exchange(request: HttpRequest, probe: Probe, dial: Dial) -> HttpAnswer:
    """Ask once and return the whole answer.

    Raises:
        ProbeError: the request is none we send, or no whole and plain answer came.
    """
    url = _checked(request, probe)
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    with probe.seat(host, port), contextlib.closing(secured(url, dial(host, port))) as sock:
        probe.sent(f"{request.method} {request.name}".strip())
        certificate = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
        answer, body = _asked(request, url, sock)
    cookies = tuple(answer.headers.get_all("set-cookie", []))
    place = probe.place(host, port)
    return HttpAnswer(answer.status, _headers(answer), body, place, certificate or b"", cookies)


def _checked(request: HttpRequest, probe: Probe) -> SplitResult:
    url = _split(request.url)
    if request.method not in _READS and not _may_mark(request, probe):
        raise ProbeError("only GET and HEAD are ever sent")
    if url.username is not None:
        raise ProbeError("a URL with credentials in it is never requested")
    return url


def _may_mark(request: HttpRequest, probe: Probe) -> bool:
    """What stores a mark is sent where the request says so, and never to production."""
    return request.marks and not probe.protected and request.method in _MARKS


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        if url.scheme in _PORTS and url.hostname and url.port != 0:
            return url
    except ValueError:
        pass
    raise ProbeError("the address is no http or https URL")


def secured(url: SplitResult, sock: socket.socket) -> socket.socket:
    """The connection itself, or TLS on it with a certificate that this machine trusts for the name.

    Raises:
        ProbeError: there is no such TLS; the connection is closed.
    """
    if url.scheme == "http":
        return sock
    try:
        return ssl.create_default_context().wrap_socket(sock, server_hostname=url.hostname)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        why = error.verify_message
        raise ProbeError(f"the certificate of {url.hostname} was not accepted: {why}", _TRUST) from None
    except OSError:
        sock.close()
        raise ProbeError(f"no TLS connection to {url.hostname}") from None


_TRUST = "serve a certificate this machine trusts for that name (a private CA: set SSL_CERT_FILE)"


def _asked(
    request: HttpRequest, url: SplitResult, sock: socket.socket
) -> tuple[http.client.HTTPResponse, bytes]:
    where = f"{url.hostname}:{url.port or _PORTS[url.scheme]}"
    connection = http.client.HTTPConnection(url.hostname or "")
    connection.response_class = _WholeLines
    connection.sock = sock
    try:
        _send(connection, request, url)
        answer = _headed(connection.getresponse())
        return answer, _body(answer, request.body_limit, where)
    except TimeoutError:
        raise ProbeError(f"no whole answer from {where} within {HTTP_SECONDS:g} s") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise ProbeError(f"no whole HTTP answer from {where}") from None


def _headed(answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """The answer, if its header was read to its end."""
    if any(isinstance(defect, _BROKEN) for defect in answer.headers.defects):
        raise http.client.HTTPException
    return answer


_BROKEN = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
"""The library drops every header behind such a line; browsers pass over the line alone."""


class _WholeLines(http.client.HTTPResponse):
    """A response whose header ends with an empty line: the library also takes a lost connection for it."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = _LineReader(sock.makefile("rb", buffering=0))


class _LineReader(io.BufferedReader):
    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        return line


def _send(connection: http.client.HTTPConnection, request: HttpRequest, url: SplitResult) -> None:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in _outgoing(request, url).items():
        connection.putheader(name, value)
    connection.endheaders()


def _outgoing(request: HttpRequest, url: SplitResult) -> Mapping[str, str]:
    """The caller's headers over ours; Host as the URL names it, without its default port."""
    given = {name.title(): value for name, value in request.headers.items()}
    default = url.port in (None, _PORTS[url.scheme])
    host = url.netloc.rpartition(":")[0] if url.port is not None and default else url.netloc
    empty = {"Content-Length": "0"} if request.method in _MARKS else {}
    return {"Host": host, **_OURS, **given, **empty, "Connection": "close"}


def _headers(answer: http.client.HTTPResponse) -> Mapping[str, str]:
    names = dict.fromkeys(name.lower() for name in answer.headers)
    return {name: ", ".join(answer.headers.get_all(name, [])) for name in names}


def _body(answer: http.client.HTTPResponse, limit: int, where: str) -> bytes:
    if (answer.getheader("content-encoding") or "identity").lower() != "identity":
        raise ProbeError(f"{where} sent an encoded body, which was not asked for and is never decoded")
    body = answer.read(limit + 1)
    if len(body) > limit:
        raise ProbeError(f"{where} sent more than {limit} octets")
    if (expected := answer.length) not in (None, 0):
        raise ProbeError(f"{where} closed {expected} octets too early")
    return body
