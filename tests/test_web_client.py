"""The polite client: what it refuses, where it waits, what it says when something is wrong."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from web_services import HERE, Clock, Handler, Reply, Server, client, listening, serving

from retriever.config import Web
from retriever.connectors.addresses import is_public
from retriever.connectors.client import AGENT, Client
from retriever.errors import FetchError, SettingsError

PUBLIC = "93.184.215.14"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def never(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


class TestPrivate:
    """The default client reaches nothing but the public web."""

    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1/",
            "http://localhost:8501/",
            "http://[::1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "https://192.168.1.1/",
            "http://0.0.0.0/",
            "http://2130706433/",  # 127.0.0.1 as one number
            "http://0x7f.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://224.0.0.1/",
        ],
    )
    def test_what_is_not_public_is_refused(self, address: str) -> None:
        with pytest.raises(FetchError, match=r"not on the public web|no host"):
            Client(Web(enabled=True)).get(address)

    @pytest.mark.parametrize("machine", ["10.1.2.3", "::1", "100.64.0.1", "fd00::5", "192.0.2.1"])
    def test_a_public_name_that_leads_inside_is_refused(self, machine: str) -> None:
        inside = Client(Web(enabled=True), resolve=lambda host, port: [PUBLIC, machine])
        with pytest.raises(FetchError, match=rf"'www\.example\.org' leads to {machine}"):
            inside.get("https://www.example.org/report.pdf")

    def test_a_redirect_inside_is_refused(self, server: Server) -> None:
        server.routes["/out"] = Reply(status=302, headers={"Location": "http://10.0.0.1/secret"})
        with pytest.raises(FetchError, match=r"'10\.0\.0\.1' is not on the public"):
            client().get(f"{server.url}/out")

    def test_a_redirect_to_a_name_that_leads_inside_is_refused(self, server: Server) -> None:
        inside = {"Location": "http://intranet.example/secret"}
        server.routes["/out"] = Reply(status=302, headers=inside)
        names = {"public.example": [HERE], "intranet.example": ["192.168.7.7"]}
        asking = Client(
            Web(enabled=True), allow_private=[HERE], resolve=lambda host, port: names[host]
        )
        with pytest.raises(FetchError, match=r"'intranet\.example' leads to 192\.168\.7\.7"):
            asking.get(f"http://public.example:{server.port}/out")

    @given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8")
           | st.ip_addresses(v=4, network="172.16.0.0/12")
           | st.ip_addresses(v=4, network="192.168.0.0/16")
           | st.ip_addresses(v=4, network="169.254.0.0/16")
           | st.ip_addresses(v=4, network="224.0.0.0/4")
           | st.ip_addresses(v=4, network="240.0.0.0/4"))
    def test_however_an_inner_address_is_wrapped(self, inner: ipaddress.IPv4Address) -> None:
        number = int(inner)
        wrapped = [
            inner,
            ipaddress.IPv6Address(f"::ffff:{inner}"),
            ipaddress.IPv6Address(f"64:ff9b::{inner}"),
            ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
            ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
            ipaddress.IPv6Address(f"::{inner}"),
        ]
        assert [str(one) for one in wrapped if is_public(str(one))] == []

    @pytest.mark.parametrize(
        "machine", [PUBLIC, "2a00:1450:4009::200e", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
    )
    def test_what_is_public_is(self, machine: str) -> None:
        assert is_public(machine)

    def test_the_address_that_was_checked_is_the_one_connected_to(self, server: Server) -> None:
        """The name leads here when it is checked, and elsewhere when it is looked up again."""
        server.routes["/a"] = Reply("Text")
        answers = iter([[HERE], ["10.0.0.1"]])
        asking = Client(
            Web(enabled=True), allow_private=[HERE], resolve=lambda host, port: next(answers)
        )
        _, data = asking.get(f"http://trusts.example:{server.port}/a")
        assert data == b"Text"
        assert server.asked[0].headers["Host"] == f"trusts.example:{server.port}"
        with pytest.raises(FetchError, match=r"'trusts\.example' leads to 10\.0\.0\.1"):
            asking.get(f"http://trusts.example:{server.port}/a")

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("file:///etc/passwd", "begins with https://"),
            ("ftp://example.org/a", "begins with https://"),
            ("example.org/a", "begins with https://"),
            ("https:///a", "not a web address"),
            ("https://ann:secret@example.org/", "name or password"),
            ("http://[::1", "not a web address"),
        ],
    )
    def test_what_is_no_web_address_is_refused(self, address: str, said: str) -> None:
        with pytest.raises(FetchError, match=said) as refused:
            Client(Web(enabled=True), resolve=never).get(address)
        assert "secret" not in str(refused.value)


class TestOff:
    def test_there_is_no_client_unless_it_is_switched_on(self) -> None:
        with pytest.raises(SettingsError, match=r"`enabled = true` under `\[web\]`"):
            Client(Web())


class TestManners:
    def test_it_says_who_it_is_and_nothing_else(self, server: Server) -> None:
        server.routes["/a"] = Reply("Text", headers={"Set-Cookie": "who=ann"})
        asking = client()
        asking.get(f"{server.url}/a")
        asking.get(f"{server.url}/a")
        headers = server.asked[1].headers
        assert headers["User-Agent"] == AGENT
        assert set(headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}

    def test_the_environment_proxy_is_not_used(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        server.routes["/a"] = Reply("Text")
        assert client().get(f"{server.url}/a")[1] == b"Text"

    def test_a_host_is_asked_once_a_second(self, server: Server) -> None:
        server.routes["/a"] = Reply("Text")
        clock = Clock()
        asking = client(clock)
        for _ in range(3):
            asking.get(f"{server.url}/a")
        assert clock.waited == [1.0, 1.0]
        asking.slow_down("127.0.0.1", 5)
        asking.get(f"{server.url}/a")
        asking.get(f"{server.url}/a")
        assert clock.waited[2:] == [1.0, 5.0]

    def test_redirects_are_slow_as_well(self, server: Server) -> None:
        server.routes["/a"] = Reply(status=302, headers={"Location": "/b"})
        server.routes["/b"] = Reply("Text")
        clock = Clock()
        answer, data = client(clock).get(f"{server.url}/a")
        assert (data, answer.address, answer.moved) == (b"Text", f"{server.url}/b", False)
        assert clock.waited == [1.0]

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_server_is_asked_again_when_it_says(self, server: Server, status: int) -> None:
        server.routes["/a"] = [Reply(status=status, headers={"Retry-After": "7"}), Reply("Text")]
        clock = Clock()
        assert client(clock).get(f"{server.url}/a")[1] == b"Text"
        assert clock.waited == [7.0]

    def test_without_a_word_it_waits_longer_each_time_and_gives_up(self, server: Server) -> None:
        server.routes["/a"] = Reply(status=429)
        clock = Clock()
        with pytest.raises(FetchError, match=r"too many requests from here \(429\)\. Try again"):
            client(clock).get(f"{server.url}/a")
        assert clock.waited == [2.0, 4.0]
        assert len(server.asked) == 3

    def test_it_does_not_wait_for_hours(self, server: Server) -> None:
        server.routes["/a"] = Reply(status=429, headers={"Retry-After": "7200"})
        clock = Clock()
        with pytest.raises(FetchError, match="asks us to wait 7200 seconds"):
            client(clock).get(f"{server.url}/a")
        assert clock.waited == []


class TestBounds:
    def test_too_many_redirects(self, server: Server) -> None:
        server.routes["/a"] = Reply(status=302, headers={"Location": "/a"})
        with pytest.raises(FetchError, match="sends us on more than 3 times"):
            client(max_redirects=3).get(f"{server.url}/a")
        assert len(server.asked) == 4

    def test_a_redirect_to_nowhere(self, server: Server) -> None:
        server.routes["/a"] = Reply(status=302, headers={"Location": "http://[::1"})
        with pytest.raises(FetchError, match=r"'http://\[::1' is not a web address"):
            client().get(f"{server.url}/a")

    @pytest.mark.parametrize("says", [None, -1])
    def test_too_large_said_or_not(self, server: Server, says: int | None) -> None:
        server.routes["/a"] = Reply(b"x" * 1_000_001, says=says)
        with pytest.raises(FetchError, match=r"larger than 1 MB .*web\.max_megabytes"):
            client(max_megabytes=1).get(f"{server.url}/a")

    def test_a_server_that_never_sends_is_given_up(self, server: Server) -> None:
        server.routes["/a"] = Reply("Text", holds=True)
        slow = Client(Web(enabled=True, timeout_seconds=1), allow_private=[HERE])
        with pytest.raises(FetchError, match="took longer than 1 seconds"):
            slow.get(f"{server.url}/a")

    def test_a_server_that_sends_drop_by_drop_is_cut(self) -> None:
        with listening(Drops) as port:
            slow = Client(Web(enabled=True, timeout_seconds=1), allow_private=[HERE])
            with pytest.raises(FetchError, match="took longer than 1 seconds"):
                slow.get(f"http://{HERE}:{port}/")


class Drops(Handler):
    """Sends a little now and then, until nobody listens: no read fails, and there is no end."""

    def do_GET(self) -> None:  # noqa: N802
        self.send_response(200)
        self.end_headers()
        pause = threading.Event()
        while not pause.wait(0.05):
            self.wfile.write(b"x")


class TestMessages:
    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (401, r"asks for a sign-in \(401\)\. Open it in a browser"),
            (403, r"refuses programs or asks for a sign-in \(403\)"),
            (404, r"is not there \(404\)\. Check the address"),
            (410, r"was taken away for good by its publisher \(410\)"),
            (418, r"was not given out \(418\)"),
            (422, r"is not understood by the server \(422\)"),
            (451, r"legal reasons \(451\)"),
            (500, r"the server has a fault \(500\)\. Try again later"),
            (304, r"was not given out \(304\)"),
        ],
    )
    def test_an_answer_that_is_none(self, server: Server, status: int, said: str) -> None:
        server.routes["/a"] = Reply(status=status)
        with pytest.raises(FetchError, match=said) as refused:
            client().get(f"{server.url}/a")
        assert refused.value.code == status

    def test_a_body_that_breaks_off(self, server: Server) -> None:
        server.routes["/a"] = Reply("half", says=1000)
        with pytest.raises(FetchError, match=r"broke off before its end\. Fetch it again"):
            client().get(f"{server.url}/a")

    def test_nobody_listens(self) -> None:
        with serving() as gone:
            pass
        with pytest.raises(FetchError, match=r"127\.0\.0\.1 could not be reached"):
            client().get(gone.url)

    def test_no_such_host(self) -> None:
        def resolve(host: str, port: int) -> Sequence[str]:
            raise OSError("Name or service not known")

        with pytest.raises(FetchError, match=r"no host 'nowhere\.example'"):
            Client(Web(enabled=True), resolve=resolve).get("https://nowhere.example/")


class TestProxy:
    def test_one_in_the_settings_is_used(self, server: Server) -> None:
        server.routes["http://trusts.example/a"] = Reply("Text")
        clock = Clock()
        asking = Client(
            Web(enabled=True, proxy=server.url),
            resolve=lambda host, port: [PUBLIC if host == "trusts.example" else host],
            clock=clock,
            sleep=clock.sleep,
        )
        assert asking.get("http://trusts.example/a")[1] == b"Text"
        with pytest.raises(FetchError, match="not on the public web"):
            asking.get("http://10.0.0.1/")

    def test_a_name_that_only_the_proxy_knows_is_left_to_it(self, server: Server) -> None:
        def resolve(host: str, port: int) -> Sequence[str]:
            raise OSError("Name or service not known")

        server.routes["http://trusts.example/a"] = Reply("Text")
        asking = Client(Web(enabled=True, proxy=server.url), resolve=resolve)
        assert asking.get("http://trusts.example/a")[1] == b"Text"

    def test_what_is_encrypted_goes_through_it_unread(self, certificate: Certificate) -> None:
        asked = []

        class Tunnel(Handler):
            def do_CONNECT(self) -> None:  # noqa: N802
                asked.append(self.path)
                with socket.create_connection((HERE, port)) as there:
                    self.send_response(200)
                    self.end_headers()
                    back = threading.Thread(target=relay, args=(there, self.connection))
                    back.start()
                    relay(self.connection, there)
                    back.join()

        with listening(Text, certificate.context) as port, listening(Tunnel) as proxy:
            asking = Client(
                Web(enabled=True, proxy=f"http://{HERE}:{proxy}"),
                resolve=lambda host, port: [PUBLIC],
                trust=certificate.trust,
            )
            assert asking.get("https://trusts.example/")[1] == b"Text"
        assert asked == ["trusts.example:443"]

    def test_one_that_is_no_address_is_refused(self) -> None:
        with pytest.raises(SettingsError, match=r"web\.proxy must be an address"):
            Client(Web(enabled=True, proxy="proxy:8080"))


def relay(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until nothing does."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Text(Handler):
    def do_GET(self) -> None:  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"Text")


@dataclass
class Certificate:
    """Of trusts.example; nobody but `trust` trusts it."""

    context: ssl.SSLContext
    trust: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trusts.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("trusts.example")]), False)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    both = tmp_path_factory.mktemp("certificate") / "both.pem"
    both.write_bytes(public + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return Certificate(context, ssl.create_default_context(cadata=public.decode()))


class TestEncrypted:
    def asking(self, trust: ssl.SSLContext | None, **settings: int) -> Client:
        return Client(
            Web(enabled=True, **settings),
            allow_private=[HERE],
            resolve=lambda host, port: [HERE],
            trust=trust,
        )

    def test_the_certificate_is_that_of_the_name(self, certificate: Certificate) -> None:
        with listening(Text, certificate.context) as port:
            _, data = self.asking(certificate.trust).get(f"https://trusts.example:{port}/")
        assert data == b"Text"

    def test_another_name_or_an_unknown_issuer_is_refused(self, certificate: Certificate) -> None:
        with listening(Text, certificate.context) as port:
            for trust, host in ((certificate.trust, "other"), (None, "trusts")):
                with pytest.raises(FetchError, match="does not show a certificate that this"):
                    self.asking(trust).get(f"https://{host}.example:{port}/")

    def test_one_that_sends_drop_by_drop_is_cut(self, certificate: Certificate) -> None:
        with listening(Drops, certificate.context) as port:
            slow = self.asking(certificate.trust, timeout_seconds=1)
            with pytest.raises(FetchError, match="took longer than 1 seconds"):
                slow.get(f"https://trusts.example:{port}/")

    def test_a_redirect_does_not_take_the_encryption_off(
        self, server: Server, certificate: Certificate
    ) -> None:
        class Off(Handler):
            def do_GET(self) -> None:  # noqa: N802
                self.send_response(302)
                self.send_header("Location", f"{server.url}/a")
                self.end_headers()

        server.routes["/a"] = Reply("Text")
        asking = self.asking(certificate.trust)
        with (
            listening(Off, certificate.context) as port,
            pytest.raises(FetchError, match="which is not encrypted"),
        ):
            asking.get(f"https://trusts.example:{port}/")
        assert server.asked == []
