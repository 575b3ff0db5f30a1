"""Which addresses may be asked for something: public ones only, told after the name is looked up.

What was checked is what is connected to: a `Target` carries the addresses that its name stood for
when they were checked, and nobody looks the name up a second time.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from retriever.errors import FetchError

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port -> the addresses that the name stands for, as text. Raises OSError."""

_PORTS = {"http": 80, "https": 443}
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 as seen from an IPv6-only network

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Target:
    """Where a request goes.

    Attributes:
        address: The whole address, without the part after `#`.
        scheme: `http` or `https`.
        host: The name, without brackets; what the server is told and its certificate must show.
        port: The port.
        path: Path and query.
        machines: The addresses that the name stands for, checked; empty where a proxy looks it up.
    """

    address: str
    scheme: str
    host: str
    port: int
    path: str
    machines: tuple[str, ...]

    @property
    def authority(self) -> str:
        """Host and port as they stand in an address; the usual port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses that this computer finds for a name. See `Resolve`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def joined(base: str, link: str) -> str:
    """A link as a whole address; one that is none stays as it is, for `target_of` to refuse."""
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def target_of(
    address: str, resolve: Resolve, allow_private: Collection[str] = (), by_proxy: bool = False
) -> Target:
    """Check an address.

    Args:
        address: As a person, a page or a redirect gave it.
        resolve: Looks a name up.
        allow_private: IP addresses that are let through though they are not public; for tests.
        by_proxy: A proxy makes the connection: a name that cannot be looked up here is left to it.

    Raises:
        FetchError: It is no web address, its name is unknown, or it leads into a private network.
    """
    try:
        url = parse_url(address.strip())
    except LocationParseError as error:
        raise FetchError(f"'{address}' is not a web address: correct it.") from error
    if url.scheme not in _PORTS or not url.host:
        raise FetchError(
            f"'{address}' is not a web address that can be fetched: give one that begins with "
            "https:// or http://."
        )
    if url.auth:
        raise FetchError(
            f"The address at {url.host} holds a name or password: take out what stands before "
            "the @. Pages behind a sign-in are not fetched."
        )
    host = url.host.strip("[]")
    port = url.port or _PORTS[url.scheme]
    machines = _machines(host, port, resolve, by_proxy)
    _check_public(host, [machine for machine in machines if machine not in allow_private])
    whole = url._replace(fragment=None).url
    return Target(whole, url.scheme, host, port, url.request_uri, machines)


def _machines(host: str, port: int, resolve: Resolve, by_proxy: bool) -> tuple[str, ...]:
    try:
        return tuple(resolve(host, port))
    except (OSError, UnicodeError) as error:
        if by_proxy:
            return ()
        raise FetchError(
            f"There is no host '{host}', or this computer has no network: check the address."
        ) from error


def _check_public(host: str, machines: Sequence[str]) -> None:
    for machine in machines:
        if not is_public(machine):
            leads = "" if machine == host else f" leads to {machine}, which"
            raise FetchError(
                f"'{host}'{leads} is not on the public web (this computer, a private network or a "
                "reserved address). It is not fetched: save the document from your browser and "
                "add the file."
            )


def is_public(machine: str) -> bool:
    """Whether an IP address belongs to the public internet, also when it is wrapped in another."""
    address: _IP | None = ipaddress.ip_address(machine)
    while isinstance(address, ipaddress.IPv6Address) and (inner := _within(address)):
        address = inner
    return bool(
        address and address.is_global and not address.is_multicast and not address.is_reserved
    )


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, by any of the ways to wrap one."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
