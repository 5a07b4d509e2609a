"""A film with signed records and blocks, and small loopback nodes that serve it: honest, lying, slow or half-empty."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cinepeer.content import unixfs
from cinepeer.records import dagcbor, keys
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, sign_record

Pair = tuple[Record, bytes | None]
NOW_MS = 1_700_000_000_000
SEGMENT_BYTES = 300_000


class Writer:
    """An author with a root key and one device, who signs records in order."""

    def __init__(self, name: str) -> None:
        self._root = hashlib.sha256(f"{name} root".encode()).digest()
        self._device = hashlib.sha256(f"{name} device".encode()).digest()
        self._count = 0
        self.pairs: list[Pair] = []
        following = hashlib.sha256(keys.public_key(hashlib.sha256(f"{name} next".encode()).digest())).digest()
        born = self._body("inception", {"root": keys.public_key(self._root), "next": following})
        inception = self._sign(self._root, None, "inception", born)
        self.author = inception.id
        admitted = self._body("delegate", {"device": keys.public_key(self._device), "name": name})
        self._sign(self._root, inception, "delegate", admitted)
        self._last: Record | None = None

    def write(self, kind: str, **fields: dagcbor.Value) -> Record:
        """The device's next record."""
        return self.write_bytes(kind, self._body(kind, fields))

    def write_bytes(self, kind: str, body: bytes) -> Record:
        """The device's next record over any body."""
        self._last = self._sign(self._device, self._last, kind, body)
        return self._last

    def _body(self, kind: str, fields: Mapping[str, dagcbor.Value]) -> bytes:
        self._count += 1
        return new_body(kind, self._count.to_bytes(16, "big"), **fields)

    def _sign(self, seed: bytes, prev: Record | None, kind: str, body: bytes) -> Record:
        record = sign_record(
            seed,
            author=None if kind == "inception" else self.author,
            seq=0 if prev is None else prev.seq + 1,
            prev=None if prev is None else prev.id,
            time=NOW_MS - 1_000_000 + len(self.pairs),
            kind=kind,
            body=body,
        )
        self.pairs.append((record, body))
        return record


@dataclass
class Stand:
    """A film on offer: its blocks by id, its records, and what its version's folder holds."""

    writer: Writer
    film: Record
    version: Record
    root: Cid
    blocks: dict[Cid, bytes]
    files: dict[str, bytes]


def files_of_a_film(*, sound: bool = True, seed: str = "film") -> dict[str, bytes]:
    """A version's folder with playlists of the real form over bytes that are no film."""
    files = {"poster.jpg": b"\xff\xd8\xff\xd9"}
    media = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",URI="audio/index.m3u8"\n' if sound else ""
    group = ',AUDIO="sound"' if sound else ""
    files["master.m3u8"] = (
        f"#EXTM3U\n#EXT-X-VERSION:7\n{media}"
        f"#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=854x480{group}\n480p/index.m3u8\n"
        f"#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=428x240{group}\n240p/index.m3u8\n"
    ).encode()
    for name in ("480p", "240p", *(["audio"] if sound else [])):
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:4", f'#EXT-X-MAP:URI="init_{name}.mp4"']
        files[f"{name}/init_{name}.mp4"] = f"init of {name}".encode()
        for number in range(3):
            content = hashlib.shake_256(f"{seed}/{name}/{number}".encode()).digest(SEGMENT_BYTES)
            files[f"{name}/{number:05}.m4s"] = content
            lines += ["#EXTINF:4.000000,", f"{number:05}.m4s"]
        files[f"{name}/index.m3u8"] = ("\n".join(lines) + "\n#EXT-X-ENDLIST\n").encode()
    return files


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a real folder by their paths."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def import_files(files: Mapping[str, bytes], put: Callable[[Cid, bytes], None]) -> unixfs.Node:
    """A folder of files as UnixFS."""
    nested: dict[str, dict[str, bytes]] = {}
    entries = []
    for path, content in files.items():
        folder, _, name = path.rpartition("/")
        if folder:
            nested.setdefault(folder, {})[name] = content
        else:
            entries.append((name, unixfs.import_file([content], put)))
    entries += [(folder, import_files(inside, put)) for folder, inside in nested.items()]
    return unixfs.directory(entries, put)


def set_up(files: Mapping[str, bytes], *, name: str = "The Tide Clock", writer: Writer | None = None) -> Stand:
    """Signs a film and its version over `files`."""
    blocks: dict[Cid, bytes] = {}
    root = import_files(files, blocks.__setitem__).cid
    writer = writer or Writer("creator")
    film = writer.write("film", name=name, year=2026, external=[], credits=[], genres=[], synopsis="", languages=["en"])
    version = writer.write(
        "version",
        film=film.id,
        label="first cut",
        root=root,
        duration_ms=12_000,
        size_bytes=sum(len(block) for block in blocks.values()),
        blocks=len(blocks),
        renditions=[{"name": "480p", "width": 854, "height": 480, "bandwidth": 900_000}],
        source=bytes(32),
    )
    return Stand(writer, film, version, root, blocks, dict(files))


@dataclass
class Node:
    """What a loopback node answers, by path without query; a value may be made when it is asked for."""

    url: str = ""
    answers: dict[str, bytes | Callable[[], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, *stands: Stand) -> Node:
        """Serves films as a node does."""
        listed = [{"id": str(s.film.id), "name": "not believed", "playable": True} for s in stands]
        self.answers["/api/films"] = json.dumps(listed).encode()
        for stand in stands:
            self.answers[f"/api/films/{stand.film.id}/records"] = packed(stand.writer.pairs)
            self.answers |= {f"/ipfs/{cid}": block for cid, block in stand.blocks.items()}
        return self

    def flip(self, cid: Cid, place: int = 0) -> None:
        """Changes one bit of a block that it serves."""
        block = self.answers[f"/ipfs/{cid}"]
        assert isinstance(block, bytes)
        self.answers[f"/ipfs/{cid}"] = block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :]


def packed(pairs: list[Pair]) -> bytes:
    """Records as a node gives them."""
    return dagcbor.encode([[record.block, body] for record, body in pairs])


@contextmanager
def serving(node: Node) -> Iterator[Node]:
    """Runs the node on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            node.asked.append(self.path)
            answer = node.answers.get(path)
            body = answer() if callable(answer) else answer
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        node.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield node
        finally:
            server.shutdown()
            thread.join()


def dead_url() -> str:
    """An address where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_address[1]
    return f"http://127.0.0.1:{port}"


def block_of(stand: Stand, path: str) -> Cid:
    """The first leaf of a file of the film."""
    return Cid.of(stand.files[path][: 256 << 10], 0x55)
