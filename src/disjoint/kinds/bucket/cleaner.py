"""End an upload that nobody else will end: a program of its own, which outlives whoever began it.

Run by path with ``python -I -S``. Standard input is a pipe: one line of JSON says where and with which
keys, ``ready`` is the answer, and ``done`` the end. A pipe that ends without that word, or an upload
that is kept for too long, is ended here. Nothing of it is in the arguments or the environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import html
import http.client
import json
import re
import select
import signal
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ROUNDS = (0.0, 0.3, 0.7, 1.5, 2.5)
"""Seconds before each look: what was on its way when the other end died may come later."""
_SECONDS = 5.0
LONGEST = 60
"""Seconds after which it gives up: a store that sends octet after octet would keep it for ever."""
_OCTETS = 1 << 20
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_ID = re.compile(rb"<UploadId>([^<]*)</UploadId>")

Order = Mapping[str, str]


def main() -> None:
    """Wait for the end, and clear up if it comes without a word."""
    order: Order = json.loads(sys.stdin.readline())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    waiting, _, _ = select.select([sys.stdin], [], [], float(order["seconds"]))
    if waiting and sys.stdin.readline().strip() == "done":
        return
    signal.alarm(LONGEST)
    ended = False
    for pause in ROUNDS:
        time.sleep(pause)
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            found = clear(order)
            if ended and not found:
                return
            ended = ended or found


def clear(order: Order) -> bool:
    """End every upload of the key; whether there was any."""
    found = begun(ask(order, "GET", order["bucket_url"], {"prefix": order["key"], "uploads": ""}), order)
    for upload in found:
        ask(order, "DELETE", order["object_url"], {"uploadId": upload})
    return bool(found)


def begun(body: bytes, order: Order) -> list[str]:
    """The ids of the uploads of exactly this key."""
    found = []
    for part in body.split(b"<Upload>")[1:]:
        line = part.partition(b"</Upload>")[0]
        key, upload = _KEY.search(line), _ID.search(line)
        if key and upload and key[1].decode() == order["key"]:
            found.append(html.unescape(upload[1].decode()))
    return found


def ask(order: Order, method: str, url: str, query: Mapping[str, str]) -> bytes:
    """One signed request; the body of its answer."""
    place = urlsplit(url)
    stated = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in sorted(query.items()))
    sock = socket.create_connection((order["address"], int(order["port"])), timeout=_SECONDS)
    if place.scheme == "https":
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=place.hostname)
    with contextlib.closing(http.client.HTTPConnection(place.netloc)) as connection:
        connection.sock = sock
        headers = signed(order, method, place.netloc, place.path or "/", stated, datetime.now(UTC))
        connection.request(method, f"{place.path or '/'}?{stated}", headers=headers)
        return connection.getresponse().read(_OCTETS)


EMPTY = hashlib.sha256(b"").hexdigest()


def signed(order: Order, method: str, host: str, path: str, query: str, now: datetime) -> dict[str, str]:
    """Signature version 4 of a request without a body."""
    date = f"{now:%Y%m%dT%H%M%SZ}"
    headers = {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": date}
    headers |= {"x-amz-security-token": order["token"]} if order["token"] else {}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join((method, path, query, lines, names, EMPTY))
    scope = f"{date[:8]}/{order['region']}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = _mac(_key(order, date[:8]), "\n".join(("AWS4-HMAC-SHA256", date, scope, digest))).hex()
    credential = f"Credential={order['access']}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {credential}"}


def _key(order: Order, day: str) -> bytes:
    key = f"AWS4{order['secret']}".encode()
    for part in (day, order["region"], "s3", "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


if __name__ == "__main__":
    main()
