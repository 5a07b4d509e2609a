"""Opens the page that this package carries, on loopback, against nodes elsewhere: the page is ours, the data theirs.

The page checks every byte itself; here questions travel on by GET, and of all that could be written only signed
records, which need no token. So the node that serves the data cannot change the program that checks it.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cinepeer.errors import BadInput
from cinepeer_client.fetch import Source
from cinepeer_client.page import (
    HEADERS,
    MANIFEST,
    MANIFEST_TYPE,
    SCREENS,
    TYPES,
    built_page,
    headers_of,
    manifest,
    read_assets,
    read_index,
)

PASSED = ("/api/", "/ipfs/")
WRITABLE = "/api/records"
MAX_POST_BYTES = 4 << 20
_PIECE_BYTES = 1 << 16
# Tells the page that the node behind it is somebody else's, and signs nothing for the person here.
_LIGHT = b'<meta name="client" content="light" />'
_ASKED = ("accept", "range", "if-none-match", "content-type")
_TOLD = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "cache-control", "x-ipfs-path")


class Opened:
    """The page on loopback while it is open. `url` is where a browser finds it."""

    def __init__(self, sources: Sequence[Source], port: int = 0, folder: Path | None = None) -> None:
        """Raises `BadInput` without a node, without a built page, or when the port is taken."""
        if not sources:
            raise BadInput("found no node to ask, expected --node URL (or CINEPEER_NODE)")
        folder = folder or built_page()
        if folder is None or not (folder / "index.html").is_file():
            raise BadInput("found no built page in this package, expected one: ./scripts/build_web makes it")
        self.sources = tuple(sources)
        self.index = read_index(folder).replace(b"</head>", _LIGHT + b"</head>", 1)
        self.assets = read_assets(folder)
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), type("_Answering", (_Answering,), {"opened": self}))
        except OSError as error:
            raise BadInput(f"found port {port} taken ({error.strerror}), expected a free one") from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.hosts = {f"localhost:{self.port}", f"127.0.0.1:{self.port}"}
        self.url = f"http://localhost:{self.port}"

    def serve(self) -> None:
        """Answers until `close`."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Ends `serve`; what is being answered is cut."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Opened:
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._thread.join()


class _Answering(BaseHTTPRequestHandler):
    """The page's own files; below the API and the gateway, what a node answers."""

    opened: Opened

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def handle_one_request(self) -> None:
        """One question; a reader who leaves in the middle of its answer is no mistake."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        """The page, one of its files, or a node's answer."""
        path = self.path.partition("?")[0]
        if not self._is_own():
            self._problem(403, f"found the Host {self.headers.get('host', '')[:80]!r}, expected this page's own")
        elif path.startswith(PASSED):
            self._pass_on(b"")
        elif path.startswith("/assets/"):
            self._asset(unquote(path.removeprefix("/assets/")))
        elif path == MANIFEST:
            self._end(200, manifest(self.opened.assets), {"content-type": MANIFEST_TYPE, **HEADERS})
        else:
            known = path.split("/")[1] in SCREENS
            kind, fresh = TYPES[".html"], {"cache-control": "no-cache"}
            self._end(200 if known else 404, self.opened.index, {"content-type": kind, **HEADERS, **fresh})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Signed records travel on; all other writing is for a node's own page."""
        size = self.headers.get("content-length", "")
        if not self._is_own():
            self._problem(403, "found a request from elsewhere, expected this page's own")
        elif self.path != WRITABLE:
            self._problem(403, "found a change of a node, expected reading: a node is changed on its own page alone")
        elif not size.isdecimal() or int(size[:20]) > MAX_POST_BYTES:
            self._problem(413, f"found a body of {size[:20] or 'no'} bytes, expected at most {MAX_POST_BYTES}")
        else:
            self._pass_on(self.rfile.read(int(size)))

    def do_PUT(self) -> None:
        """Refused, as every other way of writing."""
        self._problem(403, "found a change of a node, expected reading: a node is changed on its own page alone")

    do_PATCH = do_DELETE = do_PUT

    def _is_own(self) -> bool:
        origin = self.headers.get("origin")
        own = {f"http://{host}" for host in self.opened.hosts}
        return self.headers.get("host") in self.opened.hosts and (origin is None or origin in own)

    def _asset(self, name: str) -> None:
        data = self.opened.assets.get(name)
        if data is None:
            return self._problem(404, f"found no file {name[:80]!r} of the page, expected one of its build")
        kind = TYPES["." + name.rpartition(".")[2]]
        return self._end(200, data, {"content-type": kind, **headers_of(name)})

    def _pass_on(self, body: bytes) -> None:
        reasons = []
        for source in self.opened.sources:
            connection = _connect(source)
            try:
                answer = _asked(connection, source, self.command, self.path, self.headers, body)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                reasons.append(f"{source.url}: {error or type(error).__name__}")
                continue
            try:
                return self._stream(answer)
            finally:
                connection.close()
        return self._problem(503, f"found no answer ({'; '.join(reasons)[:300]}), expected a node's")

    def _stream(self, answer: http.client.HTTPResponse) -> None:
        """The answer piece by piece; one that ends too soon ends here too, and the page sees it."""
        told = {name: value for name, value in answer.getheaders() if name.lower() in _TOLD}
        sized = "content-length" in {name.lower() for name in told}
        self.send_response(answer.status)
        for name, value in {**told, "x-content-type-options": "nosniff"}.items():
            self.send_header(name, value)
        if not sized:
            self.send_header("connection", "close")
            self.close_connection = True
        self.end_headers()
        try:
            for piece in _pieces(answer):
                self.wfile.write(piece)
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    def _problem(self, status: int, detail: str) -> None:
        # A body that was not read would be taken for the next request.
        self.close_connection = True
        content = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
        self._end(status, content, {"content-type": "application/problem+json", "connection": "close"})

    def _end(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what somebody watches is nobody's affair."""


def _connect(source: Source) -> http.client.HTTPConnection:
    parts = urlsplit(source.url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.netloc, timeout=source.timeout_s, context=context)
    return http.client.HTTPConnection(parts.netloc, timeout=source.timeout_s)


def _asked(
    connection: http.client.HTTPConnection, source: Source, method: str, path: str, headers: object, body: bytes
) -> http.client.HTTPResponse:
    """A node's answer to the browser's question, of which only what matters travels: no cookie, no origin."""
    assert isinstance(headers, http.client.HTTPMessage)
    wanted = {name: headers[name] for name in _ASKED if headers[name]}
    connection.request(method, urlsplit(source.url).path + path, body=body or None, headers=wanted)
    return connection.getresponse()


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(_PIECE_BYTES):
        yield piece
    if answer.length:
        raise http.client.IncompleteRead(b"")
