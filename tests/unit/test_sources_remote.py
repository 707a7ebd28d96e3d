"""Sources far away: object stores and web servers, their failures, and credentials that nobody sees."""

from __future__ import annotations

import gzip
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest

from logconform.check.sources import Source, Unreadable, blocks, find_sources
from logconform.check.sources.remote import masked

GOOD = b'{"event": "Task starting"}\n'
BROKEN = GOOD * 200_000
"""More than a client holds back when the connection drops."""


@pytest.fixture
def store() -> Iterator[None]:
    """A store in memory with some logs."""
    files = fsspec.filesystem("memory")
    for name in ("w.log", "w.log.1", "w.log.2.gz", "deep/x.ndjson", "notes.txt"):
        files.pipe(f"/logs/{name}", gzip.compress(GOOD) if name.endswith(".gz") else GOOD)
    yield
    files.store.clear()


STORED = [
    ("memory://logs/w.log", ["w.log"]),
    ("memory://logs/w.log*", ["w.log.2.gz", "w.log.1", "w.log"]),
    ("memory://logs", ["deep/x.ndjson", "w.log.2.gz", "w.log.1", "w.log"]),
    ("memory://logs/notes.txt", ["notes.txt"]),
]


@pytest.mark.parametrize(("url", "names"), STORED)
def test_an_object_store_is_like_a_folder(store: None, url: str, names: list[str]) -> None:
    """Objects, patterns and prefixes name streams, oldest first, unpacked."""
    sources = find_sources([url])
    assert [each.path.replace(":///", "://") for each in sources] == [f"memory://logs/{name}" for name in names]
    assert [block.lines().text for block in blocks(sources, 1000)] == [GOOD] * len(names)
    assert all(each.size for each in sources)


ABSENT = [
    ("memory://logs/no.log", "memory://logs/no.log: nothing is stored there; check the address"),
    ("memory://logs/zz*", "memory://logs/zz*: nothing matches; check the pattern, and quote it"),
    ("nosuch://x/w.log", "nosuch://x/w.log: no store is called nosuch://; check the address"),
]


@pytest.mark.parametrize(("url", "message"), ABSENT)
def test_what_is_not_there_is_told(store: None, url: str, message: str) -> None:
    """One line with the remedy."""
    with pytest.raises(Unreadable) as caught:
        find_sources([url])
    assert str(caught.value) == message


def test_the_extra_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsspec the message says what to install, and shows no password."""
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(Unreadable) as caught:
        find_sources(["s3://ann:pass@bucket/w.log"])
    assert str(caught.value) == "s3://***@bucket/w.log: is not a file here; install logconform[remote]"


class Handler(BaseHTTPRequestHandler):
    """Serves a log, without ranges; one path breaks off in the middle, one is forbidden."""

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        if self._head():
            self.wfile.write(BROKEN if self.path.startswith("/broken") else GOOD * 2)

    def _head(self) -> bool:
        codes = {"/forbidden.log": 403, "/absent.log": 404, "/error.log": 500}
        code = codes.get(self.path.partition("?")[0], 200)
        self.send_response(code)
        size = 2 * len(BROKEN if self.path.startswith("/broken") else GOOD)
        self.send_header("Content-Length", str(size if code == 200 else 0))
        self.end_headers()
        return code == 200

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """A web server on loopback; gives its address."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join(10)
    running.server_close()


def test_a_web_server_is_read_and_credentials_are_not_shown(server: str) -> None:
    """User, password and query are used, and masked wherever the path is shown."""
    sources = find_sources([f"http://ann:s3cret@{server}/w.log?sig=abcdef"])
    made = list(blocks(sources, 1000))
    assert [(block.path, block.lines().text) for block in made] == [(f"http://***@{server}/w.log?sig=***", GOOD * 2)]
    assert "s3cret" not in repr(sources) + repr(made) and "abcdef" not in repr(sources) + repr(made)


REFUSED = [
    ("forbidden", "access is denied; check the credentials"),
    ("absent", "nothing is stored there; check the address"),
    ("error", "can't be read ("),
]


@pytest.mark.parametrize(("name", "told"), REFUSED)
def test_a_refusal_is_told_without_credentials(server: str, name: str, told: str) -> None:
    """Whatever the library's message holds."""
    with pytest.raises(Unreadable) as caught:
        list(blocks(find_sources([f"http://ann:s3cret@{server}/{name}.log?sig=abcdef"]), 1000))
    assert str(caught.value).startswith(f"http://***@{server}/{name}.log?sig=***: {told}")
    assert "s3cret" not in str(caught.value) and "abcdef" not in str(caught.value)


def test_a_connection_that_drops_gives_what_came(server: str) -> None:
    """The lines before the drop are judged; the message tells how far it came."""
    failures: list[Unreadable] = []
    made = list(blocks(find_sources([f"http://{server}/broken.log"]), 1000, failed=failures.append))
    came = sum(block.size for block in made)
    assert b"".join(block.lines().text for block in made) == BROKEN[:came]
    assert came > len(BROKEN) // 2
    assert len(failures) == 1
    assert str(failures[0]).startswith(f"http://{server}/broken.log: can't be read (ClientPayloadError")
    assert str(failures[0]).endswith(f" lines, {came:,} bytes)")


def test_nobody_listening_is_told() -> None:
    """A server that is down is no traceback."""
    with pytest.raises(Unreadable, match=r"^http://127\.0\.0\.1:9/w\.log: "):
        list(blocks(find_sources(["http://127.0.0.1:9/w.log"]), 1000))


MASKED = [
    ("s3://bucket/w.log", "s3://bucket/w.log"),
    ("s3://KEY:se/cret+x@bucket/w.log", "s3://***@bucket/w.log"),
    ("https://ann@host:8080/w.log", "https://***@host:8080/w.log"),
    ("https://host:8080/a@b/w.log", "https://host:8080/a@b/w.log"),
    ("https://host/w.log?X-Amz-Signature=abc&v=", "https://host/w.log?X-Amz-Signature=***&v="),
    ("https://host/w.log?abcdef", "https://host/w.log?***"),
    ("s3://bucket/w?.log", "s3://bucket/w?.log"),
]


@pytest.mark.parametrize(("url", "shown"), MASKED)
def test_what_may_be_a_credential_is_masked(url: str, shown: str) -> None:
    """In front of the host and in the query; the rest stays."""
    assert masked(url) == shown


def test_a_source_does_not_show_its_address() -> None:
    """Not even to somebody who debugs."""
    assert repr(Source("s3://***@b/w.log", 1, "s3://k:s@b/w.log")) == "Source(path='s3://***@b/w.log', size=1)"
