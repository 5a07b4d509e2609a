"""Hands a film to a player on this machine: a loopback address that gives verified files and nothing else."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from cinepeer.errors import BadInput, CinepeerError
from cinepeer_client.play import MASTER, MAX_SEGMENT_BYTES
from cinepeer_client.tree import Tree

# A player's options: quiet, and no look at anything else.
PLAYERS = {
    "mpv": ("--no-ytdl", "--really-quiet"),
    "vlc": ("--quiet", "--play-and-exit"),
    "ffplay": ("-v", "error", "-autoexit"),
}
_TYPES = {"m3u8": "application/vnd.apple.mpegurl", "mp4": "video/mp4", "m4s": "video/mp4", "jpg": "image/jpeg"}


class Relay:
    """Serves one version's folder on loopback while it is open; each file is verified before a byte leaves."""

    def __init__(self, tree: Tree) -> None:
        # Other programs of this machine may try addresses; only the player is told the word in it.
        self._word = secrets.token_urlsafe(16)
        self.errors: list[CinepeerError] = []
        relay = self

        class Answering(BaseHTTPRequestHandler):
            """Answers GET for paths of the tree."""

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                """Gives one file, or an error without words."""
                _, word, *path = unquote(self.path.partition("?")[0]).split("/")
                if not secrets.compare_digest(word.encode(), relay._word.encode()):
                    return self._end(404)
                try:
                    data = tree.file("/".join(path), MAX_SEGMENT_BYTES)
                except CinepeerError as error:
                    relay.errors.append(error)
                    return self._end(502)
                self._end(200, data, _TYPES.get(self.path.rpartition(".")[2], "application/octet-stream"))

            def _end(self, status: int, data: bytes = b"", kind: str = "text/plain") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the terminal is the player's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def address(self) -> str:
        """The address of the master playlist."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self._word}/{MASTER}"

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def find_player() -> tuple[str, ...]:
    """The command of the first player on PATH; raises `BadInput` when there is none."""
    for name, options in PLAYERS.items():
        program = shutil.which(name)
        if program is not None:
            return (program, *options)
    raise BadInput(f"found none of {', '.join(PLAYERS)} on PATH, expected a player, or --out FILE")


def watch(tree: Tree, player: tuple[str, ...]) -> None:
    """Runs the player until its window is closed; raises what kept it from playing."""
    with Relay(tree) as relay:
        ended = subprocess.run([*player, relay.address], check=False)
    if relay.errors:
        raise relay.errors[0]
    if ended.returncode:
        raise BadInput(f"found that {player[0]} ended with {ended.returncode}, expected it to play")
