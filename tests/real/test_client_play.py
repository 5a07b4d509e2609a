"""The light client against loopback nodes: honest ones play, liars are named, the dead are passed over."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cinepeer.adapters.media.ladder import package
from cinepeer.adapters.media.probe import probe
from cinepeer.adapters.media.sample import make_sample
from cinepeer.errors import BadInput
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer_client import cli, decode
from real.film_stand import Node, Stand, Writer, block_of, dead_url, files_in, files_of_a_film, packed, serving, set_up

Ran = tuple[int, str, str]


@pytest.fixture(scope="module")
def stand() -> Stand:
    return set_up(files_of_a_film())


@pytest.fixture
def node(stand: Stand) -> Iterator[Node]:
    with serving(Node().offer(stand)) as node:
        yield node


@pytest.fixture
def client(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_films_are_listed_by_their_signed_names(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, out, _ = client("films", "--node", node.url, "--json")
    assert code == 0
    (film,) = json.loads(out)
    assert (film["id"], film["name"], film["playable"]) == (str(stand.film.id), "The Tide Clock", True)
    assert client("films", "--node", node.url)[1] == f"{stand.film.id}  plays now  The Tide Clock\n"


def test_films_that_play_come_first_and_one_request_proves_an_author(client: Callable[..., Ran]) -> None:
    first = set_up(files_of_a_film(), name="B")
    second = set_up(files_of_a_film(), name="A", writer=first.writer)
    with serving(Node().offer(first, second)) as node:
        films = json.loads(node.answers["/api/films"])  # type: ignore[arg-type]
        films[1]["playable"] = False
        node.answers["/api/films"] = json.dumps(films).encode()
        code, out, _ = client("films", "--node", node.url, "--json")
        assert code == 0 and [film["name"] for film in json.loads(out)] == ["B", "A"]
        assert sum("/records" in path for path in node.asked) == 1


def test_a_film_without_records_that_prove_it_is_a_lie(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as honest, serving(Node().offer(stand)) as liar:
        liar.answers[f"/api/films/{stand.film.id}/records"] = packed(stand.writer.pairs[:2])
        code, out, err = client("films", "--node", liar.url, "--node", honest.url, "--json")
        assert code == 1 and [film["id"] for film in json.loads(out)] == [str(stand.film.id)]
        assert f"served what does not hold: {liar.url}: found no signed record of the film" in err


def test_the_records_of_another_film_are_a_lie_where_one_was_asked_for(
    stand: Stand, node: Node, client: Callable[..., Ran]
) -> None:
    other = set_up(files_of_a_film(), name="another", writer=Writer("another"))
    with serving(Node().offer(stand)) as liar:
        liar.answers[f"/api/films/{stand.film.id}/records"] = packed(other.writer.pairs)
        code, out, err = client("play", str(stand.film.id), "--node", liar.url, "--node", node.url, "--json")
    assert code == 1 and json.loads(out)["segments"] == 6
    assert "found other records for the film" in err


@pytest.mark.parametrize("told", ["7", "[]", '{"model": 7, "light": null, "fitted_on": 0, "root": ""}', "[" * 60_000])
def test_a_word_of_a_model_that_cannot_be_read_is_a_lie(
    node: Node, client: Callable[..., Ran], tmp_path: Path, told: str
) -> None:
    node.answers["/api/models"] = told.encode()
    code, out, err = client("recommend", "--state", str(tmp_path), "--node", node.url)
    assert (code, out) == (1, "") and "found no description of a model" in err


def test_a_film_plays_to_its_end_with_each_block_verified(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, out, err = client("play", str(stand.film.id), "--node", node.url, "--json")
    assert (code, err) == (0, "")
    proof = json.loads(out)
    assert (proof["segments"], proof["rendition"]["height"]) == (6, 480)
    played = [path for path in stand.files if path.startswith(("480p", "audio")) and not path.endswith("m3u8")]
    assert proof["bytes"] == sum(len(stand.files[path]) for path in played)
    assert proof["first_segment"] == sha256(stand.files["480p/00000.m4s"])
    assert proof["last_segment"] == sha256(stand.files["480p/00002.m4s"])
    # Root, two folders, four files of one block, six segments of two leaves and their node.
    assert proof["blocks"] == proof["nodes"][0]["blocks"] == 1 + 2 + 5 + 6 * 3
    assert all(path.startswith(("/api/films/", "/ipfs/")) for path in node.asked)


def test_the_smaller_rendition_plays_when_asked_for(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, out, _ = client("play", str(stand.film.id), "--node", node.url, "--json", "--height", "240")
    assert code == 0 and json.loads(out)["first_segment"] == sha256(stand.files["240p/00000.m4s"])
    code, _, err = client("play", str(stand.film.id), "--node", node.url, "--json", "--height", "700")
    assert code == 2 and "expected one of 480, 240" in err


def test_a_silent_film_is_written_as_it_is(tmp_path: Path, client: Callable[..., Ran]) -> None:
    silent = set_up(files_of_a_film(sound=False))
    with serving(Node().offer(silent)) as node:
        out = tmp_path / "film.mp4"
        code, told, _ = client("play", str(silent.film.id), "--node", node.url, "--out", str(out))
        assert code == 0 and f"written to {out}\n" in told
    parts = ["init_480p.mp4", "00000.m4s", "00001.m4s", "00002.m4s"]
    assert out.read_bytes() == b"".join(silent.files[f"480p/{part}"] for part in parts)
    assert list(tmp_path.iterdir()) == [out]


def test_without_ffmpeg_the_picture_alone_is_written_and_said(
    stand: Stand, node: Node, tmp_path: Path, client: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, told, _ = client("play", str(stand.film.id), "--node", node.url, "--out", str(tmp_path / "film.mp4"))
    assert code == 0 and "picture only: ffmpeg is needed to join the sound" in told
    code, _, err = client("play", str(stand.film.id), "--node", node.url, "--frames", "--json")
    assert code == 2 and "apt-get install ffmpeg" in err


@pytest.mark.parametrize("path", ["480p/00000.m4s", "480p/00002.m4s", "audio/00001.m4s", "master.m3u8"])
def test_a_flipped_bit_is_refused_at_its_block(
    stand: Stand, tmp_path: Path, client: Callable[..., Ran], path: str
) -> None:
    with serving(Node().offer(stand)) as liar:
        liar.flip(block_of(stand, path), place=len(stand.files[path]) // 2 if "m3u8" in path else 200_000)
        out = tmp_path / "film.mp4"
        code, told, err = client("play", str(stand.film.id), "--node", liar.url, "--out", str(out))
    assert (code, told) == (1, "")
    assert f"for the block {block_of(stand, path)}" in err
    assert list(tmp_path.iterdir()) == []


def test_a_liar_is_replaced_by_an_honest_node_and_still_counts(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as honest, serving(Node().offer(stand)) as liar:
        for cid in stand.blocks:
            liar.flip(cid)
        code, out, err = client("play", str(stand.film.id), "--node", liar.url, "--node", honest.url, "--json")
    proof = json.loads(out)
    assert code == 1 and proof["segments"] == 6
    assert proof["nodes"][0]["blocks"] == 0 and proof["nodes"][0]["lies"] and not proof["nodes"][1]["lies"]
    assert f"served what does not hold: {liar.url}: found " in err


def test_a_block_of_html_is_a_lie(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as liar:
        liar.answers[f"/ipfs/{stand.root}"] = b"<html>please log in</html>"
        assert client("play", str(stand.film.id), "--node", liar.url, "--json")[0] == 1


def test_an_endless_answer_is_a_lie(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as liar:
        liar.answers[f"/ipfs/{stand.root}"] = bytes((2 << 20) + 1)
        code, _, err = client("play", str(stand.film.id), "--node", liar.url, "--json")
    assert code == 1 and "found more than 2097152 bytes" in err


def test_a_dead_node_is_passed_over(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, out, err = client("play", str(stand.film.id), "--node", dead_url(), "--node", node.url, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["nodes"][0]["away"]


def test_a_node_that_lacks_blocks_is_helped_out_by_another(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as whole, serving(Node().offer(stand)) as half:
        for cid in list(stand.blocks)[::2]:
            del half.answers[f"/ipfs/{cid}"]
        code, out, _ = client("play", str(stand.film.id), "--node", half.url, "--node", whole.url, "--json")
    assert code == 0 and all(share["blocks"] for share in json.loads(out)["nodes"])


@pytest.mark.parametrize("command", ["films", "play", "verify"])
def test_when_no_node_answers_the_exit_code_is_3(stand: Stand, client: Callable[..., Ran], command: str) -> None:
    subject = [] if command == "films" else [str(stand.film.id)]
    code, out, err = client(command, *subject, "--node", dead_url(), "--node", dead_url(), "--json")
    assert (code, out) == (3, "") and err.count("\n") == 1 and "found no node that gives" in err


def test_when_no_node_holds_a_block_the_exit_code_is_3(stand: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as node:
        del node.answers[f"/ipfs/{block_of(stand, '480p/00001.m4s')}"]
        code, _, err = client("play", str(stand.film.id), "--node", node.url, "--json")
    assert code == 3 and "it answered 404" in err


def test_a_node_that_dies_midway_is_replaced(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(stand)) as dying:

        def die() -> bytes:
            raise ConnectionAbortedError

        for path in list(dying.answers)[-20:]:
            dying.answers[path] = die
        code, out, _ = client("play", str(stand.film.id), "--node", dying.url, "--node", node.url, "--json")
    assert code == 0 and json.loads(out)["nodes"][0]["away"]


def test_a_node_that_drips_is_cut_off_by_the_clock(stand: Stand, client: Callable[..., Ran]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            connected, _ = server.accept()
            with connected:
                connected.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.wait(0.05):
                    try:
                        connected.sendall(b"X-Wait: a little\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        code, _, err = client("films", "--node", url, "--timeout", "0.3")
        stop.set()
        thread.join()
    assert code == 3 and "found no node that gives" in err


def test_an_unknown_film_is_a_mistake_of_the_person(node: Node, client: Callable[..., Ran]) -> None:
    other = Cid.of(b"another film", 0x71)
    code, _, err = client("play", str(other), "--node", node.url, "--json")
    assert code == 2 and f"found no film {other} at {node.url}" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["films"], "expected --node URL"),
        (["films", "--node", "ftp://127.0.0.1"], "found the node address"),
        (["films", "--node", "http://"], "found the node address"),
        (["films", "--node", "http://[::1"], "found the node address"),
        (["films", "--node", "http://user:word@127.0.0.1"], "found the node address"),
        (["play", "film.mp4", "--node", "http://127.0.0.1:9"], "expected the id of a published film"),
        (["audit", "/no/such/file.car"], "found no bundle that can be read"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    client: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.delenv(cli.NODE, raising=False)
    code, out, err = client(*arguments)
    assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1


def test_the_node_may_be_named_by_the_environment(
    node: Node, client: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cli.NODE, f"{dead_url()} {node.url}")
    assert client("films")[0] == 0


def test_every_block_of_a_film_is_verified(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, out, _ = client("verify", str(stand.film.id), "--node", node.url, "--json")
    found = json.loads(out)
    assert code == 0 and found["blocks"] == len(stand.blocks)
    assert found["bytes"] == sum(len(block) for block in stand.blocks.values())


def test_any_flipped_block_fails_the_verification(stand: Stand, client: Callable[..., Ran]) -> None:
    for cid in list(stand.blocks)[::5]:
        with serving(Node().offer(stand)) as liar:
            liar.flip(cid)
            code, _, err = client("verify", str(stand.film.id), "--node", liar.url)
        assert code == 1 and f"for the block {cid}" in err


def test_a_record_that_tells_of_other_blocks_fails_the_verification(client: Callable[..., Ran]) -> None:
    stand = set_up(files_of_a_film())
    body = dict(stand.writer.pairs)[stand.version]
    assert body is not None
    fields = dagcbor.decode(body)
    assert isinstance(fields, dict)
    del fields["nonce"]
    stand.writer.write("version", **{**fields, "blocks": 5})
    with serving(Node().offer(stand)) as node:
        code, _, err = client("verify", str(stand.film.id), "--node", node.url)
    assert (code == 1 and "of 5 as the version record says" in err.replace("5 of", "of 5", 1)) or "expected 5 of" in err


def test_a_player_is_handed_the_address(
    stand: Stand, node: Node, tmp_path: Path, client: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "mpv"
    script = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[-1]).read())"
    player.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{script}' \"$@\" > {tmp_path}/seen\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert client("play", str(stand.film.id), "--node", node.url)[0] == 0
    assert (tmp_path / "seen").read_bytes() == stand.files["master.m3u8"]


def test_without_a_player_the_way_out_is_named(
    stand: Stand, node: Node, client: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = client("play", str(stand.film.id), "--node", node.url)
    assert code == 2 and "found none of mpv, vlc, ffplay on PATH, expected a player, or --out FILE" in err


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    folder = tmp_path_factory.mktemp("filmed")

    async def work() -> None:
        await make_sample(folder / "sample.mp4", seconds=5)
        await package(folder / "sample.mp4", folder / "version", await probe(folder / "sample.mp4"))

    asyncio.run(work())
    return set_up(files_in(folder / "version"))


@pytest.mark.ffmpeg
def test_the_first_and_the_last_picture_decode(filmed: Stand, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(filmed)) as node:
        code, out, _ = client("play", str(filmed.film.id), "--node", node.url, "--frames", "--json")
    first, last = (json.loads(out)["frames"][name] for name in ("first", "last"))
    assert code == 0 and (first["width"], first["height"], last["width"]) == (854, 480, 854)
    assert 0 < first["mean"] < 255 and first["sha256"] != last["sha256"]


@pytest.mark.ffmpeg
def test_a_film_is_written_with_its_sound(filmed: Stand, tmp_path: Path, client: Callable[..., Ran]) -> None:
    with serving(Node().offer(filmed)) as node:
        code, _, _ = client("play", str(filmed.film.id), "--node", node.url, "--out", str(tmp_path / "film.mp4"))
    found = asyncio.run(probe(tmp_path / "film.mp4"))
    assert code == 0 and found.has_audio and (found.width, found.height) == (854, 480)
    assert 4900 <= found.duration_ms <= 5200


@pytest.mark.ffmpeg
def test_verified_bytes_that_are_no_film_fail_the_proof(stand: Stand, node: Node, client: Callable[..., Ran]) -> None:
    code, _, err = client("play", str(stand.film.id), "--node", node.url, "--frames", "--json")
    assert code == 1 and "found a segment that does not decode" in err


def test_help_names_the_commands_and_loads_little() -> None:
    code = (
        "import sys\nfrom cinepeer_client import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('ssl', 'nacl', 'numpy', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("films", "play", "verify", "audit"))
    assert done.stdout.endswith("[]\n")


def test_decoding_without_ffmpeg_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="apt-get install ffmpeg"):
        decode.decode_ends(b"", b"")
