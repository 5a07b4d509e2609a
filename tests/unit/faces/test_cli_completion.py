"""Shell completion: an interactive bash completes commands, options and films; the other shells get their lines."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from cinepeer.faces.cli.completion import LINES
from cinepeer.faces.cli.main import group

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
FILMS = [{"id": f"bafyrei{name}" + "a" * 50, "name": name} for name in ("abc", "abd")]


class Terminal:
    """An interactive bash on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self._master, slave = pty.openpty()
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "CINEPEER_HOME": str(folder / "home"),
            "TERM": "dumb",
            "PS1": "$ ",
        }
        command = ["bash", "--norc", "--noprofile", "-i"]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def type(self, text: str, until: str) -> str:
        """Types; returns what is shown until it holds `until`."""
        os.write(self._master, text.encode())
        shown, deadline = "", time.monotonic() + 30
        while until not in shown:
            assert time.monotonic() < deadline, f"expected {until!r} in {shown!r}"
            if select.select([self._master], [], [], 0.2)[0]:
                shown += os.read(self._master, 4096).decode()
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    try:
        terminal.type('eval "$(cinepeer completion bash)"; echo ready\n', "\nready")
        yield terminal
    finally:
        terminal.close()


@contextmanager
def node(home: Path) -> Iterator[None]:
    """Something that lists films as a node does, named by a home."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(FILMS).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    home.mkdir()
    (home / "node.json").write_text(json.dumps({"page_port": server.server_address[1], "token": "word"}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_bash_completes_a_command_its_options_and_its_subcommands(bash: Terminal) -> None:
    assert bash.type("cinepeer publ\t", "publish ")
    assert bash.type("\x15cinepeer recommend --wh\t", "--why ")
    assert bash.type("\x15cinepeer keys phr\t", "phrase ")


def test_bash_completes_the_films_of_the_running_node(bash: Terminal, tmp_path: Path) -> None:
    with node(tmp_path / "home"):
        assert bash.type("cinepeer rate bafyreiabc\t", FILMS[0]["id"])
        both = bash.type("\x15cinepeer rate baf\t\t\t", FILMS[1]["id"])
        assert FILMS[0]["id"] in both
    # No node answers: nothing is completed, and nothing is said.
    assert "\x07" in bash.type("\x15cinepeer watch bafyreiabc\t", "\x07")
    assert bash.type("\x15echo en''d\n", "\nend")


@pytest.mark.parametrize("shell", LINES)
def test_every_shell_has_its_lines(shell: str) -> None:
    assert LINES[shell][1] in PAGE
    shown = CliRunner().invoke(group, ["completion", shell])
    assert shown.exit_code == 0
    assert f"_CINEPEER_COMPLETE={shell}_complete" in shown.output
    told = json.loads(CliRunner().invoke(group, ["completion", shell, "--json"]).output)
    assert told["script"] in shown.output
    if program := shutil.which(shell):
        assert subprocess.run([program, "-n"], input=shown.output, text=True, check=False).returncode == 0


def test_another_shell_is_refused() -> None:
    assert CliRunner().invoke(group, ["completion", "tcsh"]).exit_code == 2
