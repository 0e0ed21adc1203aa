"""A small HTTP service: ``web.py PORT PAGES``, where PAGES is a JSON file.

``{"pages": {"/health": {"status": 200, "headers": {}, "body": ""}}, "certificate": null}``; the certificate
is a PEM file with chain and key, or null for clear text.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def answer(pages: dict[str, dict[str, object]]) -> type[BaseHTTPRequestHandler]:
    """The protocol class that serves these pages, and 404 for all others."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that http.server asks for
            self._reply(whole=True)

        def do_HEAD(self) -> None:
            self._reply(whole=False)

        def _reply(self, *, whole: bool) -> None:
            match pages.get(self.path.split("?")[0]):
                case {"status": int(status), "headers": dict(headers), "body": str(text)}:
                    pass
                case _:
                    status, headers, text = 404, {"content-type": "text/plain"}, "not found\n"
            body = text.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if whole:
                self.wfile.write(body)

    return Answer


def main(port: int, settings: Path) -> None:
    """Serve until stopped."""
    read = json.loads(settings.read_text())
    server = ThreadingHTTPServer(("127.0.0.1", port), answer(read["pages"]))
    if read["certificate"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(read["certificate"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
