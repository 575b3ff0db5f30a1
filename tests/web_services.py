"""A web server in this process that answers as the services' documentation says they do."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from retriever.config import Web
from retriever.connectors import Client, Services, services

HERE = "127.0.0.1"


@dataclass
class Asked:
    """A request that came in."""

    path: str
    headers: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass
class Reply:
    """What the server answers.

    Attributes:
        says: How many bytes it says there are; None: as many as there are, -1: it does not say.
        etag: With one, the server answers 304 and goes on in the middle as RFC 9110 has it.
        holds: Before the body it waits until the test is over.
    """

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    says: int | None = None
    etag: str = ""
    holds: bool = False


Answers = Reply | Callable[[Asked], Reply]


class Server:
    """What it answers is in `routes`, by path; what came in, in `asked`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HERE}:{port}"
        self.port = port
        self.govuk = f"http://govuk.example:{port}"
        self.nice = f"http://nice.example:{port}"
        self.routes: dict[str, Answers | list[Answers]] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()

    def answer(self, asked: Asked) -> Reply:
        """The reply to a request; a list of replies is used up, but for its last."""
        self.asked.append(asked)
        found = self.routes.get(asked.path) or self.routes.get(urlsplit(asked.path).path)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        reply = found(asked) if callable(found) else found
        return _conditional(reply, asked) if reply else Reply(status=404)

    def paths(self) -> list[str]:
        """Paths that were asked for, but for `robots.txt`."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def json(self, path: str, data: Any) -> None:
        self.routes[path] = Reply(json.dumps(data), headers={"Content-Type": "application/json"})

    def html(self, path: str, body: str, title: str = "Letters", head: str = "") -> None:
        page = f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
        self.routes[path] = Reply(page, headers={"Content-Type": "text/html; charset=utf-8"})

    def known(self) -> Services:
        """The services as packaged, but here."""
        packaged = services()
        return replace(
            packaged,
            govuk=replace(packaged.govuk, service=self.govuk),
            europepmc=replace(packaged.europepmc, service=f"{self.url}/rest"),
            nice=replace(packaged.nice, service=self.nice),
        )


def _conditional(reply: Reply, asked: Asked) -> Reply:
    if not reply.etag:
        return reply
    reply = replace(reply, headers=reply.headers | {"ETag": reply.etag})
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    if asked.headers.get("If-None-Match") == reply.etag:
        return replace(reply, status=304, body=b"", says=None)
    wanted = asked.headers.get("Range", "")
    if wanted and asked.headers.get("If-Range") == reply.etag:
        begin = int(wanted.removeprefix("bytes=").rstrip("-"))
        if begin >= len(body):
            return replace(reply, status=416, body=b"", says=None)
        where = {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"}
        return replace(
            reply, status=206, body=body[begin:], says=None, headers=reply.headers | where
        )
    return reply


class Handler(BaseHTTPRequestHandler):
    """Answers one request; says nothing to the terminal."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Quiet(ThreadingHTTPServer):
    """Does not mind that a client hangs up."""

    def handle_error(self, *_: object) -> None:
        """That is what some tests are about."""


@contextmanager
def listening(
    handler: type[Handler], encrypted: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server with that handler on a free port of this computer, while the block runs."""
    server = Quiet((HERE, 0), handler)
    if encrypted:
        server.socket = encrypted.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving() -> Iterator[Server]:
    """The services, while the block runs."""

    class Answering(Handler):
        def do_GET(self) -> None:
            reply = server.answer(Asked(self.path, dict(self.headers.items())))
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.says != -1:
                self.send_header("Content-Length", str(reply.says or len(body)))
            self.end_headers()
            if reply.holds:
                server.over.wait()
            else:
                self.wfile.write(body)

    with listening(Answering) as port:
        server = Server(port)
        try:
            yield server
        finally:
            server.over.set()


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


def client(clock: Clock | None = None, **settings: Any) -> Client:
    """A client for which every name leads to this computer, and that does not really wait."""
    clock = clock or Clock()
    return Client(
        Web(enabled=True, **settings),
        allow_private=[HERE],
        resolve=lambda host, port: [host if host[:1].isdigit() else HERE],
        clock=clock,
        sleep=clock.sleep,
    )
