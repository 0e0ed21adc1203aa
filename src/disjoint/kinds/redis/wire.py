"""redis-py's connections over sockets of the probe's: dialled once, silent when they open.

redis-py gives the protocol, the TLS options of its URLs and their defaults. Its habits stay
out: no retries, no reconnection, no HELLO, no CLIENT SETINFO, no maintenance notifications
(each was seen on a server that had not been asked for it).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, Protocol

from redis._parsers import _RESP2Parser
from redis._parsers.socket import SocketBuffer
from redis.connection import URL_QUERY_ARGUMENT_PARSERS, Connection, SSLConnection
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from disjoint.model.probe import Probe, ProbeError

from .address import Login


class Wire(Protocol):
    """The part of a redis-py connection that is used."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_command(self, *words: str) -> None: ...
    def read_response(self) -> object: ...
    def can_read(self, timeout: float) -> bool: ...


class _Once:
    """Hands out one socket; redis-py reconnects whenever it finds none, and must not."""

    def __init__(self, probe: Probe, where: str, dial: Callable[[], socket.socket]) -> None:
        self.probe, self.where, self._dial = probe, where, dial
        self.fd = -1
        self.sock: socket.socket | None = None
        """What is read from: the socket, or TLS over it."""

    def take(self) -> socket.socket:
        if self.fd >= 0:
            lost(self.probe, self.where)
        sock = self._dial()
        self.fd = sock.fileno()
        return sock


def lost(probe: Probe, where: str) -> NoReturn:
    """The peer went away, or the deadline cut the socket.

    Raises:
        ProbeError: always; the deadline's own reason if it has passed.
    """
    probe.remaining()
    raise ProbeError(f"{where} closed the connection before it had answered")


ANSWER_OCTETS = 8 << 20
"""A page of 500 key names of 16 KiB each; a million members of a set, parsed, are 100 MB."""


class _Buffer(SocketBuffer):
    """Where the parser reads from: an answer that never ends must not fill this machine."""

    def _read_from_socket(self, length: int | None = None, *arguments: Any, **options: Any) -> bool:
        # redis-py keeps an answer's octets until it is whole
        if self._buffer.getbuffer().nbytes + (length or 0) > ANSWER_OCTETS:
            raise ProbeError(f"the server answered with more than {ANSWER_OCTETS >> 20} MiB to one command")
        return bool(super()._read_from_socket(length, *arguments, **options))

    def readline(self, *arguments: Any, **options: Any) -> bytes:
        """RESP3's pushes, maps, sets and texts told as RESP2 has them: a flat array, or a string."""
        line: bytes = super().readline(*arguments, **options)
        match line[:1]:
            case b"%":
                return b"*%d" % (2 * int(line[1:]))
            case b">" | b"~":
                return b"*" + line[1:]
            case b"=":
                return b"$" + line[1:]
            case b"_":
                return b"$-1"
            case _:
                return line


class LoginError(ResponseError):
    """The server refused a login, or asks for one. Its text may quote what was sent."""


class _Parser(_RESP2Parser):
    """redis-py's own parser, with hiredis installed or not."""

    @classmethod
    def parse_error(cls, response: str) -> Exception:
        """To redis-py a refused login is a broken connection; it is an answer, and more may be asked."""
        tell: Callable[[str], Exception] = super().parse_error
        error = tell(response)
        return LoginError(response) if isinstance(error, AuthenticationError) else error

    def on_connect(self, connection: Any) -> None:
        begin: Callable[[Any], None] = super().on_connect
        begin(connection)
        # the time after which it waits no longer is set again when something was waited for
        left = connection.once.probe.remaining()
        self._buffer = _Buffer(connection.once.sock, self.socket_read_size, left)


class _Clear(Connection):
    """A connection over a socket of the probe's."""

    once: _Once

    def _connect(self) -> socket.socket:
        self.once.sock = self.once.take()
        return self.once.sock

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: ARG002 (redis-py's signature)
        self._parser.on_connect(self)


class _Tls(SSLConnection, _Clear):
    """TLS over it, wrapped by redis-py: server name and host name check keep the address's name."""

    def _connect(self) -> socket.socket:
        wrapped: Callable[[], socket.socket] = super()._connect
        try:
            sock = wrapped()
        except ssl.SSLCertVerificationError as error:
            why = f"the certificate of {self.once.where} was not accepted: {error.verify_message}"
            raise ProbeError(why, _TRUST) from None
        except (ssl.SSLError, TimeoutError):
            self.once.probe.remaining()
            raise ProbeError(f"no TLS connection to {self.once.where}", _SPEAKS_TLS) from None
        except FileNotFoundError:
            raise ProbeError("a file that the address names in ssl_… is not on this machine") from None
        except OSError:
            lost(self.once.probe, self.once.where)
        sock.settimeout(self.once.probe.remaining())
        self.once.sock = sock
        return sock


HANDSHAKE_SECONDS = 3.0
"""A server that speaks no TLS waits for the rest of a command that never comes."""
_TRUST = "serve a certificate this machine trusts for that name, or name the CA: ?ssl_ca_certs=FILE"
_SPEAKS_TLS = "is it a TLS port? redis:// speaks clear text, rediss:// TLS"


@contextlib.contextmanager
def opened(login: Login, probe: Probe) -> Iterator[tuple[Wire, str, str]]:
    """An open connection, its place for people, and how far its answers can be trusted.

    Raises:
        ProbeError: not reachable, or a certificate that was not accepted.
    """
    where = "the Unix socket" if login.path else f"{login.host}:{login.port}"
    connection = _connection(login)
    connection.once = once = _Once(probe, where, lambda: _dial(login, probe))
    wire: Wire = connection
    with contextlib.ExitStack() as stack:
        stack.callback(wire.disconnect)
        wire.connect()
        if login.path:
            stack.enter_context(probe.watch(once.fd))
        yield wire, where, "Unix socket" if login.path else _trust(connection)


def _connection(login: Login) -> _Clear:
    make: Callable[..., _Clear] = _Tls if login.tls else _Clear
    options = _tls_options(login.parameters) if login.tls else {}
    try:
        return make(host=login.host, port=login.port, protocol=2, parser_class=_Parser, **options)
    except (RedisError, TypeError, ValueError):
        raise ProbeError("the address holds a TLS option that redis-py does not accept") from None


def _dial(login: Login, probe: Probe) -> socket.socket:
    if login.path:
        return _dial_path(login.path, probe)
    sock = probe.dial(login.host, login.port)
    if login.tls:
        sock.settimeout(min(HANDSHAKE_SECONDS, probe.remaining()))
    return sock


def _dial_path(path: str, probe: Probe) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(probe.remaining())
        sock.connect(path)
    except OSError:
        sock.close()
        raise ProbeError("nothing listens on the Unix socket that the address names") from None
    return sock


def _tls_options(parameters: Mapping[str, str]) -> Mapping[str, object]:
    """The address's ``ssl_`` parameters as redis-py reads them; Celery's CERT_ words as well."""
    stated = {name: value for name, value in parameters.items() if name.startswith("ssl_")}
    if any(name.startswith(("ssl_validate_ocsp", "ssl_ocsp")) for name in stated):
        raise ProbeError("the address asks for OCSP, which is not checked here: a weaker check is no check")
    return {name: _tls_option(name, value) for name, value in stated.items()}


_READERS: Mapping[str, Callable[[str], object]] = {
    name: read for name, read in URL_QUERY_ARGUMENT_PARSERS.items() if callable(read)
}


def _tls_option(name: str, value: str) -> object:
    if name == "ssl_cert_reqs":
        return value.removeprefix("CERT_").lower()
    return _READERS.get(name, str)(value)


def _trust(wire: Connection) -> str:
    if not isinstance(wire, SSLConnection):
        return "no TLS"
    if wire.cert_reqs != ssl.CERT_REQUIRED:
        return "TLS, not verified"
    return "TLS, verified" if wire.check_hostname else "TLS, verified for any host name"
