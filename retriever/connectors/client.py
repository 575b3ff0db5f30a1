"""One polite client for the web: slow, bounded, without memory, and for public addresses only.

It asks each host for one thing at a time and not more than once in so many seconds, follows a few
redirects and checks each, waits where a server says so, and gives up what is too large or takes too
long. It keeps no cookies, sends nothing about the person or the computer, and takes no proxy or
password from the environment. It connects to the very address that was checked.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry, parse_url

from retriever.config import Web
from retriever.connectors.addresses import Resolve, Target, joined, look_up, target_of
from retriever.errors import FetchError, SettingsError
from retriever.version import VERSION

NAME = "evidence-retriever"
AGENT = f"{NAME}/{VERSION}"

_REDIRECTS = (301, 302, 303, 307, 308)
_FOR_GOOD = (301, 303, 308)  # 303 is how GOV.UK says that a document has another path
_BUSY = (429, 503)
_TRIES = 3
_LONGEST_WAIT = 60.0  # seconds that a server may ask us to wait
_CONNECT = 20.0  # seconds
_CHUNK = 65_536

_SAVE_IT = "Open it in a browser; if you may read it there, save it and add the file."
_REFUSALS = {
    401: f"asks for a sign-in (401). {_SAVE_IT}",
    402: f"asks for payment (402). {_SAVE_IT}",
    403: f"refuses programs or asks for a sign-in (403). {_SAVE_IT}",
    404: "is not there (404). Check the address; if it is right, the document was moved or taken "
    "away: look for its title on the publisher's site.",
    410: "was taken away for good by its publisher (410). Look for what replaced it.",
    422: "is not understood by the server (422). Check the address, number or query.",
    429: "is not given out now: the server has too many requests from here (429). Try again later.",
    451: "is kept back for legal reasons (451). It cannot be fetched.",
}


@dataclass
class Answer:
    """What a server answered, while it is being read.

    Attributes:
        status: 200, 206 (the rest of it), 304 (not changed) or 416 (there is no rest).
        headers: By name; capitals do not count.
        address: Where it came from, after redirects.
        moved: Whether one of the redirects was for good.
    """

    status: int
    headers: Mapping[str, str]
    address: str
    moved: bool
    _chunks: Iterator[bytes]

    def chunks(self) -> Iterator[bytes]:
        """The content, piece by piece; can be read once.

        Raises:
            FetchError: It is too large, takes too long, or breaks off.
        """
        return self._chunks

    def read(self) -> bytes:
        """The whole content. Raises as `chunks`."""
        return b"".join(self._chunks)

    @property
    def media_type(self) -> str:
        """What the server says it is, `text/html`; empty where it does not say."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Client:
    """Fetches from the web by the rules of the settings. For one thread at a time."""

    def __init__(
        self,
        settings: Web,
        *,
        allow_private: Collection[str] = (),
        resolve: Resolve = look_up,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Make a client.

        Args:
            settings: `[web]` of the library's settings.
            allow_private: IP addresses to reach though they are not public; for tests.
            resolve: Looks names up.
            clock: Seconds that pass.
            sleep: Waits so many seconds.
            trust: Which certificates count; None: those that this computer trusts.

        Raises:
            SettingsError: The web is not switched on, or the proxy is no address.
        """
        if not settings.enabled:
            raise SettingsError(
                "Nothing is fetched from the web: it is switched off. To switch it on, put the "
                "line `enabled = true` under `[web]` into retriever.toml in the library's folder."
            )
        self.settings = settings
        self._allow_private = allow_private
        self._resolve = resolve
        self._clock = clock
        self._sleep = sleep
        self._trust = trust
        self._proxy = _proxy(settings.proxy)
        self._free_at: dict[str, float] = {}  # host -> when it may be asked again
        self._between: dict[str, float] = {}  # host -> what it asked for itself

    def slow_down(self, host: str, seconds: float) -> None:
        """Ask a host less often than the settings say; `robots.txt` may wish for that."""
        self._between[host] = min(max(seconds, self.settings.seconds_between), _LONGEST_WAIT)

    @contextmanager
    def open(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        allow: Callable[[str], None] | None = None,
    ) -> Iterator[Answer]:
        """Ask for something, and give the answer while it comes in.

        Args:
            address: A web address.
            headers: What to send beside our own, such as `If-None-Match`.
            allow: Called with each address before it is asked, those of redirects too; raises
                where it must not be.

        Raises:
            FetchError: It cannot be had; the message says why and what to do.
        """
        deadline = self._clock() + self.settings.timeout_seconds
        target, moved = self._target(address), False
        tries = redirects = 0
        while True:
            if allow:
                allow(target.address)
            self._wait_for_turn(target.host, deadline)
            with self._exchange(target, headers or {}, deadline) as (response, cut):
                status = response.status
                if status in _REDIRECTS and response.headers.get("Location"):
                    redirects += 1
                    target = self._next(target, response.headers["Location"], redirects, address)
                    moved = moved or status in _FOR_GOOD
                    continue
                if status in _BUSY and (tries := tries + 1) < _TRIES:
                    self._pause(response, tries, target, deadline)
                    continue
                _check(status, target, headers or {})
                chunks = self._chunks(response, target, cut, deadline)
                yield Answer(status, response.headers, target.address, moved, chunks)
                return

    def get(
        self,
        address: str,
        headers: Mapping[str, str] | None = None,
        allow: Callable[[str], None] | None = None,
    ) -> tuple[Answer, bytes]:
        """Ask for something and read it whole. See `open`."""
        with self.open(address, headers, allow) as answer:
            return answer, answer.read()

    def _target(self, address: str) -> Target:
        return target_of(address, self._resolve, self._allow_private, bool(self._proxy))

    def _next(self, here: Target, location: str, redirects: int, asked: str) -> Target:
        if redirects > self.settings.max_redirects:
            raise FetchError(
                f"{asked} sends us on more than {self.settings.max_redirects} times. "
                f"{_SAVE_IT}"
            )
        there = self._target(joined(here.address, location))
        if here.scheme == "https" and there.scheme == "http":
            raise FetchError(
                f"{asked} sends us on to {there.address}, which is not encrypted. If you trust "
                "that address, fetch it by itself."
            )
        return there

    def _wait_for_turn(self, host: str, deadline: float) -> None:
        now = self._clock()
        wait = self._free_at.get(host, now) - now
        if wait > 0:
            if now + wait > deadline:
                raise self._too_slow(host)
            self._sleep(wait)
        between = self._between.get(host, self.settings.seconds_between)
        self._free_at[host] = self._clock() + between

    def _pause(
        self, response: HTTPResponse, tries: int, target: Target, deadline: float
    ) -> None:
        """Wait as long as the server asks, or longer with every try."""
        wait = _retry_after(response.headers.get("Retry-After", ""))
        wait = 2.0**tries if wait is None else wait
        if wait > _LONGEST_WAIT or self._clock() + wait > deadline:
            raise FetchError(
                f"{target.host} asks us to wait {wait:.0f} seconds ({response.status}). Try again "
                "after that.",
                response.status,
            )
        self._sleep(wait)

    def _too_slow(self, host: str) -> FetchError:
        return FetchError(
            f"{host} took longer than {self.settings.timeout_seconds} seconds, and it was given "
            "up. Try again later, or raise web.timeout_seconds in retriever.toml."
        )

    @contextmanager
    def _exchange(
        self, target: Target, headers: Mapping[str, str], deadline: float
    ) -> Iterator[tuple[HTTPResponse, _Cut]]:
        """Send one request and give the answer; the connection is cut when the time is up."""
        cut = _Cut()
        timer = threading.Timer(max(deadline - self._clock(), 0.01), cut)
        timer.daemon = True
        timer.start()
        response = None
        try:
            with self._plainly(target, cut, deadline):
                response = self._send(target, headers, cut, deadline)
            yield response, cut
        finally:
            timer.cancel()
            cut.close()
            if response:
                response.close()

    def _send(
        self, target: Target, headers: Mapping[str, str], cut: _Cut, deadline: float
    ) -> HTTPResponse:
        connection = self._connect(target, cut, deadline)
        sent = {
            "Host": target.authority,
            "User-Agent": AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",  # so that Range and ETag speak of the same bytes
            "Connection": "close",
        }
        path = target.address if self._proxy and target.scheme == "http" else target.path
        connection.request("GET", path, headers=sent | dict(headers), preload_content=False)
        return connection.getresponse()

    @contextmanager
    def _plainly(self, target: Target, cut: _Cut, deadline: float) -> Iterator[None]:
        """Say in plain words what goes wrong on the way."""
        try:
            yield
        except (HTTPError, http.client.HTTPException, OSError) as error:
            if cut.done or self._clock() >= deadline:
                raise self._too_slow(target.host) from error
            raise _broken(error, target) from error

    def _connect(self, target: Target, cut: _Cut, deadline: float) -> HTTPConnection:
        """Connect to the first of the target's machines that answers, or to the proxy."""
        machines = target.machines if not self._proxy else (self._proxy[0],)
        for last, machine in ((machine == machines[-1], machine) for machine in machines):
            connection = self._connection(target, machine, deadline)
            cut.watch(connection)
            try:
                connection.connect()
            except (HTTPError, OSError):
                connection.close()
                if last or self._clock() >= deadline:
                    raise
            else:
                cut.watch(connection)
                connection.timeout = max(deadline - self._clock(), 0.01)
                return connection
        raise FetchError(f"There is no host '{target.host}': check the address.")

    def _connection(self, target: Target, machine: str, deadline: float) -> HTTPConnection:
        timeout = max(min(_CONNECT, deadline - self._clock()), 0.01)
        port = self._proxy[1] if self._proxy else target.port
        if target.scheme == "http":
            return HTTPConnection(machine, port, timeout=timeout)
        connection = HTTPSConnection(
            machine,
            port,
            timeout=timeout,
            cert_reqs="CERT_REQUIRED",
            ssl_context=self._trust,
            server_hostname=target.host,
        )
        if self._proxy:
            connection.set_tunnel(target.host, target.port)
        return connection

    def _chunks(
        self, response: HTTPResponse, target: Target, cut: _Cut, deadline: float
    ) -> Iterator[bytes]:
        most = self.settings.max_megabytes * 1_000_000
        stated = response.headers.get("Content-Length", "")
        if stated.isdigit() and int(stated) > most:
            raise self._too_large(target)
        size = 0
        while True:
            with self._plainly(target, cut, deadline):
                chunk = response.read1(_CHUNK)
            if cut.done or self._clock() > deadline:
                raise self._too_slow(target.host)
            size += len(chunk)
            if size > most:
                raise self._too_large(target)
            if not chunk:
                return
            yield chunk

    def _too_large(self, target: Target) -> FetchError:
        return FetchError(
            f"{target.address} is larger than {self.settings.max_megabytes} MB and was not "
            "fetched. Raise web.max_megabytes in retriever.toml if you want it."
        )


class _Cut:
    """Cuts a connection when time is up, whatever it is waiting for; called by a timer."""

    def __init__(self) -> None:
        self.done = False
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def watch(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self._socket = connection.sock  # the connection forgets it once the answer comes

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def __call__(self) -> None:
        self.done = True
        there = self._socket or (self._connection and self._connection.sock)
        if there:
            with contextlib.suppress(OSError):  # closed already: that is what was wanted
                # Of the plain class: that of an encrypted one takes the encryption off first.
                socket.socket.shutdown(there, socket.SHUT_RDWR)


def _proxy(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    url = parse_url(text)
    if url.scheme != "http" or not url.host or not url.port:
        raise SettingsError(
            f"web.proxy must be an address like http://proxy.example.nhs.uk:8080, not {text!r}."
        )
    return url.host, url.port


def _check(status: int, target: Target, headers: Mapping[str, str]) -> None:
    """Refuse an answer that is none, or none to what was asked."""
    partial = "Range" in headers
    unchanged = "If-None-Match" in headers or "If-Modified-Since" in headers
    if status == 200 or (partial and status in (206, 416)) or (unchanged and status == 304):
        return
    if status in _REFUSALS:
        words = _REFUSALS[status]
    elif status >= 500:
        words = f"cannot be had now: the server has a fault ({status}). Try again later."
    else:
        words = f"was not given out ({status}). {_SAVE_IT}"
    raise FetchError(f"{target.address} {words}", status)


def _retry_after(value: str) -> float | None:
    """Seconds that a server asks us to wait, or None where it does not say."""
    try:
        return max(Retry().parse_retry_after(value), 0.0) if value else None
    except InvalidHeader:
        return None


def _broken(error: Exception, target: Target) -> FetchError:
    """What went wrong on the way, in plain words."""
    cause: BaseException | None = error
    while cause and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return FetchError(
            f"{target.host} does not show a certificate that this computer trusts "
            f"({cause.verify_message}). It is not fetched. If your organisation checks encrypted "
            "traffic, ask its IT team to add their certificate to this computer."
        )
    if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
        return FetchError(f"{target.host} does not answer. Try again later.")
    if "IncompleteRead" in str(error) or "IncompleteRead" in repr(error):
        return FetchError(
            f"{target.address} broke off before its end. Fetch it again: it goes on where it "
            "stopped if the server lets it."
        )
    return FetchError(
        f"{target.host} could not be reached, or broke the connection off ({error}). Check the "
        "address and your network, and try again later."
    )
