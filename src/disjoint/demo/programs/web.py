"""A small web application: ``web.py PORT SETTINGS``, where SETTINGS is a JSON file.

It serves fixed pages, answers `token_path` to whoever brings a token that one of its keys has
signed, lets the listed origins read its answers, keeps a nonce for a minute, and writes down what
it was asked. With an upstream it is a reverse proxy instead. See `disjoint.demo.servers.web`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

KEPT_SECONDS = 60
JSON = {"content-type": "application/json"}
Answer = tuple[int, Mapping[str, Any], bytes]


@dataclass
class Application:
    """What one process knows."""

    settings: Mapping[str, Any]
    kept: dict[str, float] = field(default_factory=dict)
    """Nonces, and until when they are kept."""

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """One request's answer."""
        if self.settings["upstream"]:
            return self.forwarded(path, headers)
        way, _, query = path.partition("?")
        if self.settings["canary"] and way == self.settings["canary"]:
            return self.marks(parse_qs(query))
        if self.settings["keys"] and way == self.settings["token_path"]:
            return self.account(headers.get("authorization", ""))
        match self.settings["pages"].get(way):
            case {"status": int(status), "headers": dict(stated), "body": str(text)}:
                return status, stated, text.encode()
            case _:
                return 404, {"content-type": "text/plain"}, b"not found\n"

    def marks(self, query: Mapping[str, list[str]]) -> Answer:
        """Keep a nonce, or only show it among those that are kept."""
        now = time.monotonic()
        self.kept = {word: until for word, until in self.kept.items() if until > now}
        self.kept.update({word[:64]: now + KEPT_SECONDS for word in query.get("hold", [])[:1]})
        shown = [*self.kept, *(word[:64] for word in query.get("look", [])[:1])]
        return 200, JSON, json.dumps({"marks": shown}).encode()

    def account(self, authorization: str) -> Answer:
        """Whose account a token opens, if one of the keys has signed it."""
        subject = subject_of(authorization.removeprefix("Bearer "), self.settings["keys"])
        if subject is None:
            return 401, JSON, b'{"error": "no valid token"}'
        return 200, JSON, json.dumps({"account": subject}).encode()

    def forwarded(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What the upstream answers, with some words replaced."""
        upstream = self.settings["upstream"]
        connection = http.client.HTTPConnection("127.0.0.1", upstream["port"], timeout=10)
        kept = {
            name: value for name, value in headers.items() if name in {"origin", "authorization", "accept"}
        }
        connection.request("GET", path, headers=kept)
        answer = connection.getresponse()
        body = answer.read()
        for old, new in upstream["replace"].items():
            body = body.replace(old.encode(), new.encode())
        stated = {name.lower(): value for name, value in answer.getheaders()}
        for name in ("content-length", "connection", "date", "server"):
            stated.pop(name, None)
        connection.close()
        return answer.status, stated, body

    def shared_with(self, origin: str) -> Mapping[str, str]:
        """The headers that let a page of that origin read the answer; ``any`` repeats every origin."""
        origins = self.settings["origins"]
        if not origin or not ({"*", "any", origin} & set(origins)):
            return {}
        stated = {"access-control-allow-origin": "*" if "*" in origins else origin, "vary": "Origin"}
        if self.settings["credentials"]:
            stated["access-control-allow-credentials"] = "true"
        return stated


def subject_of(token: str, keys: list[str]) -> str | None:
    """The subject of a JSON Web Token (HS256) that any of the keys has signed and that has not ended."""
    value, _, signature = token.rpartition(".")
    try:
        head, claims = (json.loads(_octets(part)) for part in value.split("."))
        signed = _octets(signature)
    except ValueError:
        return None
    wanted = (hmac.new(key.encode(), value.encode(), hashlib.sha256).digest() for key in keys)
    if head.get("alg") != "HS256" or not any(hmac.compare_digest(signed, each) for each in wanted):
        return None
    return str(claims.get("sub")) if claims.get("exp", 0) > time.time() else None


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def serving(application: Application, log: Path) -> type[BaseHTTPRequestHandler]:
    """The protocol class of this application."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that http.server asks for
            self._reply()

        def do_HEAD(self) -> None:
            self._reply()

        def _reply(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, stated, body = application.answer(self.path, headers)
            _note(log, self.command, self.path, status)
            self.send_response(status)
            shared = application.shared_with(headers.get("origin", ""))
            for name, value in {**stated, **shared}.items():
                for each in value if isinstance(value, list) else [value]:
                    self.send_header(name, each)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    return Answering


def _note(log: Path, method: str, path: str, status: int) -> None:
    """One line: the path, and the names of what the query says; no value and no header."""
    way, _, query = path.partition("?")
    names = "&".join(sorted(parse_qs(query, keep_blank_values=True)))
    with log.open("a") as lines:
        lines.write(f"{method} {way}{'?' if names else ''}{names} {status}\n")


def main(port: int, settings: Path) -> None:
    """Serve until stopped."""
    read = json.loads(settings.read_text())
    serve = serving(Application(read), settings.with_name("access.log"))
    server = ThreadingHTTPServer(("127.0.0.1", port), serve)
    if read["certificate"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(read["certificate"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    settings.with_name("bound").touch()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
