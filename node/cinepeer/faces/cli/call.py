"""How commands speak with a running node: its address and token are read from its home."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import cinepeer
from cinepeer.errors import BadInput, CheckFailed, Unreachable

DEFAULT_HOME = "~/.cinepeer"
TIMEOUT_S = 120.0
PIECE_BYTES = 1 << 20


def home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--home`, or CINEPEER_HOME, or `~/.cinepeer`."""
    return click.option(
        "--home",
        envvar="CINEPEER_HOME",
        default=DEFAULT_HOME,
        show_default=True,
        help="The node's folder.",
        callback=lambda _ctx, _param, value: Path(value).expanduser(),
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: one machine-readable value instead of words."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def before_subcommand(ctx: click.Context) -> bool:
    """Whether a subcommand follows; raises `BadInput` for `--home` or `--json` before it, where they would be lost."""
    if ctx.invoked_subcommand is None:
        return False
    for name in ("home", "as_json"):
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise BadInput(f"found options before {ctx.invoked_subcommand!r}, expected them after it")
    return True


def typed() -> str:
    """What a person types before a command: in a checkout its script, elsewhere the command's own name."""
    return "./scripts/run" if (Path(cinepeer.__file__).parents[2] / "scripts" / "run").is_file() else "cinepeer"


def show(value: Any, as_json: bool, words: Callable[[Any], Iterator[str]]) -> None:
    """Prints `value` as JSON or in `words`."""
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
    else:
        for line in words(value):
            click.echo(line)


class Node:
    """A running node, reached over its own page's port."""

    def __init__(self, port: int, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self.port = port
        self._token = token
        self._timeout_s = timeout_s

    @classmethod
    def of(cls, home: Path, timeout_s: float = TIMEOUT_S) -> Node:
        """The node of `home`; raises `Unreachable` when there is none."""
        try:
            kept = json.loads((home / "node.json").read_text())
            return cls(int(kept["page_port"]), str(kept["token"]), timeout_s)
        except (OSError, ValueError, KeyError) as error:
            raise Unreachable(f"found no node in {home}, expected one: start it with `cinepeer run`") from error

    def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return self._json(self.read("GET", path))

    def post(self, path: str, value: Any = None) -> Any:
        """The JSON answer to a POST of JSON."""
        return self._json(self.read("POST", path, json.dumps(value or {}).encode()))

    def patch(self, path: str, value: Any) -> Any:
        """The JSON answer to a PATCH of JSON."""
        return self._json(self.read("PATCH", path, json.dumps(value).encode()))

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            raise Unreachable(f"found something else than a node on port {self.port}, expected JSON from it") from error

    def read(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """The whole answer's bytes; raises `BadInput`, `CheckFailed` or `Unreachable` with the node's own sentence."""
        connection, response = self._ask(method, path, body, kind)
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the node on port {self.port} stopped answering ({error})") from error
        finally:
            connection.close()

    def pieces(self, path: str, value: Any) -> Iterator[bytes]:
        """The bytes of an answer to a POST of `value`, as they come: for what does not fit into memory."""
        connection, response = self._ask("POST", path, json.dumps(value).encode(), "application/json", is_endless=True)
        try:
            while piece := response.read(PIECE_BYTES):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the node on port {self.port} stopped answering ({error})") from error
        finally:
            connection.close()

    def delete(self, path: str) -> Any:
        """The JSON answer to a DELETE."""
        return self._json(self.read("DELETE", path))

    def lines(self, path: str, value: Any = None) -> Iterator[dict[str, Any]]:
        """The JSON lines of a streamed answer as they come: to a POST of `value`, or without one to a GET."""
        body = None if value is None else json.dumps(value).encode()
        method = "GET" if value is None else "POST"
        connection, response = self._ask(method, path, body, "application/json", is_endless=True)
        try:
            for line in response:
                yield self._json(line)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the node on port {self.port} stopped answering ({error})") from error
        finally:
            connection.close()

    def _ask(
        self, method: str, path: str, body: bytes | None, kind: str, is_endless: bool = False
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        timeout_s = None if is_endless else self._timeout_s
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token}", "Content-Type": kind})
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(
                f"found no node on port {self.port} ({error}), expected this home's: start it with `cinepeer run`"
            ) from error
        if response.status >= 400:
            detail = _detail(response.read())
            connection.close()
            if response.status == 503:
                raise Unreachable(detail)
            raise BadInput(detail) if response.status < 500 or response.status == 507 else CheckFailed(detail)
        return connection, response


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace") or "the node gave no reason"
