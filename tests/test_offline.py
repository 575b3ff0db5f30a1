"""Nothing leaves this computer: indexing, asking and showing the page open no connection.

A `sitecustomize` module, which Python imports at its start, watches every process that is
started, the reading processes too. It writes down each attempt to look up or reach a host other
than this one, and refuses it. (It sees what goes through Python's sockets, which is all that the
packages in use here have for the network.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import scans

from retriever.loaders.recognition import is_installed

PROJECT = Path(__file__).resolve().parents[1]

WATCHMAN = '''
import os, sys

def local(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host in (None, "", "localhost", "::1", "0.0.0.0") or host.startswith("127.")

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):  # a socket in the file system, or already connected
            return
        host = address[0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if not local(host):
        note(f"{event} {host}")
        raise PermissionError(f"no network: {event} {host}")

def note(line):
    log = os.open(os.environ["WATCHMAN_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{line}\\n".encode())
    os.close(log)

sys.addaudithook(watch)
note(f"watching {os.getpid()}")
'''

ASK = """
import sys
from retriever import Library
library = Library.open(sys.argv[1])
report = library.index()
assert {row.outcome for row in report.documents} == {"added"}, report
answer = library.ask("Do reminder letters raise bowel cancer screening uptake?")
assert "four percentage points" in answer.findings[0].quote, answer
"""

SHOW = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=120)
page.query_params["q"] = "Do reminder letters raise bowel cancer screening uptake?"
page.run()
assert not page.exception, page.exception
page.switch_page("retriever/ui/map.py")
page.query_params["axis"] = "deprivation"
page.run()
assert "<img" in "".join(str(part.proto.body) for part in page.main.get("html"))
"""

DOCUMENTS = {
    "letters.md": "# Letters\n\nReminder letters raised bowel cancer screening uptake by four "
    "percentage points in the most deprived fifth of practices.\n",
    "page.html": "<html><head><title>Page</title>"
    '<link rel="stylesheet" href="https://style.invalid/a.css"></head><body><article><h1>Walks</h1>'
    '<img src="https://picture.invalid/a.png">'
    + "".join(
        f"<p>Led walks of {miles} miles were attended by older people of every district, and "
        f"{miles * 7} of them came back for a second walk in the month that followed.</p>"
        for miles in range(2, 9)
    )
    + "</article></body></html>",
    "article.xml": '<?xml version="1.0"?>\n<!DOCTYPE article PUBLIC "-//NLM//DTD JATS" '
    '"https://dtd.invalid/jats.dtd">\n<article><front><article-meta><title-group><article-title>'
    "Gym passes</article-title></title-group></article-meta></front><body><sec><title>Results"
    "</title><p>Free gym passes were little used by the people who were sent one.</p></sec></body>"
    "</article>",
}


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """The environment of a process under watch."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCHMAN)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return kept | {
        "PYTHONPATH": str(tmp_path / "watch"),
        "WATCHMAN_LOG": str(tmp_path / "log"),
        "HOME": str(tmp_path),  # so that no cache of an earlier download helps
    }


def log(watched: dict[str, str]) -> tuple[list[str], list[str]]:
    """The processes that were watched, and what they tried."""
    lines = Path(watched["WATCHMAN_LOG"]).read_text().splitlines()
    watching = [line for line in lines if line.startswith("watching ")]
    return watching, [line for line in lines if line not in watching]


def python(watched: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=watched, cwd=PROJECT, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import urllib.request; urllib.request.urlopen('https://huggingface.invalid', timeout=1)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    ],
)
def test_the_watchman_sees_and_refuses(watched: dict[str, str], attempt: str) -> None:
    process = python(watched, "-c", attempt)
    assert process.returncode != 0
    assert "no network" in process.stderr
    assert len(log(watched)[1]) == 1


@pytest.mark.model
def test_indexing_asking_and_the_page_reach_for_nothing(
    watched: dict[str, str], tmp_path: Path
) -> None:
    library = tmp_path / "library"
    (library / "corpus").mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (library / "corpus" / name).write_text(text, encoding="utf-8")
    (library / "corpus" / "letters.toml").write_text('url = "https://letters.invalid/"\n')
    (library / "retriever.toml").write_text("[web]\nenabled = true\n")  # even so
    if is_installed():
        scan = scans.pdf(scans.page("The choir met on Mondays", "in the hall of the library."))
        (library / "corpus" / "scan.pdf").write_bytes(scan)

    asked = python(watched, "-c", ASK, str(library))
    assert asked.returncode == 0, asked.stderr
    watching, tried = log(watched)
    assert tried == []
    assert len(watching) >= 2, "the reading processes were not watched"

    watched["RETRIEVER_LIBRARY"] = str(library)
    shown = python(watched, "-c", SHOW, str(PROJECT / "streamlit_app.py"))
    assert shown.returncode == 0, shown.stderr
    assert log(watched)[1] == []


@pytest.mark.parametrize("wanted", ["https://a.invalid/", "nice:NG12", "--status"])
def test_nothing_is_fetched_until_somebody_switches_that_on_and_asks(
    watched: dict[str, str], tmp_path: Path, wanted: str
) -> None:
    library = tmp_path / "library"
    (library / "corpus").mkdir(parents=True)
    (library / "corpus" / "a.md").write_text("# A\n\nText.\n")
    (library / "corpus" / "a.toml").write_text('url = "https://a.invalid/"\n')
    arguments = ("-m", "retriever.cli", "--library", str(library), "fetch", wanted)

    off = python(watched, *arguments)
    assert off.returncode == 1
    assert "put the line `enabled = true` under `[web]` into retriever.toml" in off.stderr
    assert log(watched)[1] == []

    (library / "retriever.toml").write_text("[web]\nenabled = true\n")
    assert python(watched, *arguments).returncode == 1
    assert log(watched)[1] != []  # now that it is on and asked for, and only now
