"""The light client asks for a film's key and believes no answer: lies are named, refusals told, nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cinepeer.content import wrapping
from cinepeer.content.cipher import Sealed, commitment_of
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, Refused, Unreachable
from cinepeer.records.cid import DAG_CBOR, DAG_PB, Cid
from cinepeer.rights.deployment import predict
from cinepeer.rights.release import (
    Release,
    encode_refusal,
    encode_release,
    parse_request_text,
    verify_request,
)
from cinepeer.rights.signatures import address_of
from cinepeer.rights.wallet import account_key
from cinepeer_client.fetch import Nodes, Source, Unavailable
from cinepeer_client.films import Version
from cinepeer_client.licensed import Viewer, read_account, sealing_of, unlock, unlock_by, viewer_of

KEY, ACCOUNT, NOW = b"\1" * 32, b"\2" * 32, 1_790_000_000
CONTRACTS = predict(b"\1" * 20, 7373)
VIEWER = Viewer(ACCOUNT, "DE", "streaming")
PHRASE = "test test test test test test test test test test test junk"


def version(sealing: Any = None) -> Version:
    said = {"sealed": Sealed(commitment_of(KEY), ()).to_map()} if sealing is None else sealing
    cid = Cid.of(b"version", DAG_CBOR)
    return Version(cid, cid, cid, 0, "cut", Cid.of(b"root", DAG_PB), 1, 1, 1, said)


class Node(Source):
    """A node whose answers are made here."""

    def __init__(self, answer: Callable[[str], bytes], name: str = "http://one") -> None:
        super().__init__(name)
        self.answer = answer

    def get(self, path: str, max_bytes: int, accept: str = "*/*") -> bytes:
        if path == "/api/ledger":
            named = {name: "0x" + address.hex() for name, address in CONTRACTS.named().items()}
            return json.dumps({"chain_id": CONTRACTS.chain_id, "block": 9, "contracts": named}).encode()
        return self.answer(path)


def honest(path: str, key: bytes = KEY) -> bytes:
    request = parse_request_text(path.removeprefix("/api/custody/releases/"))
    verify_request(request, CONTRACTS, NOW)
    assert (request.account, request.territory, request.medium) == (address_of(ACCOUNT), "DE", "streaming")
    return encode_release(Release(wrapping.wrap(key, request.agreement, b"\7" * 32, request.context), 9, "so", (7, 0)))


def refusing(reason: str) -> Callable[[str], bytes]:
    return lambda _: encode_refusal(Refused(reason, f"found {reason}, expected otherwise"))


def away(_: str) -> bytes:
    raise Unavailable("it is away")


def ask(*answers: Callable[[str], bytes], viewer: Viewer | None = VIEWER) -> tuple[Any, Nodes]:
    with Nodes([Node(answer, f"http://{number}") for number, answer in enumerate(answers)]) as nodes:
        return unlock(nodes, version(), viewer, NOW), nodes


def test_a_key_is_asked_for_checked_and_told_of_without_itself() -> None:
    found, nodes = ask(honest)
    assert found.key == KEY
    assert found.shown() == {"giver": "http://0", "reason": "so", "block": 9, "entry": {"block": 7, "log": 0}}
    assert nodes.lies == []


def test_an_open_film_needs_nobody() -> None:
    with Nodes([Node(away)]) as nodes:
        assert unlock(nodes, version({}), None, NOW) is None
        assert not version({}).is_licensed


def test_any_of_the_nodes_suffices_and_a_liar_is_named() -> None:
    found, nodes = ask(away, refusing("no-key"), lambda path: honest(path, b"\5" * 32), honest)
    assert found.giver == "http://3"
    assert [lie.node for lie in nodes.lies] == ["http://2"]


@pytest.mark.parametrize(
    ("answers", "kind", "sentence"),
    [
        ([refusing("no-licence")], BadInput, "found no-licence"),
        ([away, refusing("no-licence")], BadInput, "found no-licence"),
        ([refusing("no-key")], Unreachable, "no custodian of this film"),
        ([away], Unreachable, "it is away"),
        ([lambda path: honest(path, b"\5" * 32)], CheckFailed, "another key"),
        ([lambda _: b"<html>"], CheckFailed, "no key that holds"),
        ([lambda _: encode_release(Release(bytes(80), 1, "", None))], CheckFailed, "another device"),
    ],
)
def test_what_does_not_give_the_key_says_why(
    answers: list[Callable[[str], bytes]], kind: type[CinepeerError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        ask(*answers)


def test_a_licensed_film_asks_who_watches() -> None:
    with pytest.raises(BadInput, match="who watches it"):
        ask(honest, viewer=None)


def test_a_seal_that_is_not_known_plays_nothing() -> None:
    with pytest.raises(CheckFailed, match="sealed"):
        sealing_of(version({"sealed": {"scheme": "cinepeer/sealed/9", "key": bytes(32), "custodians": []}}))


def test_a_node_that_signs_itself_is_not_believed_either() -> None:
    sealed = sealing_of(version())
    assert sealed is not None

    def answer(asked: dict[str, str], key: bytes = KEY) -> dict[str, Any]:
        receiver = bytes.fromhex(asked["agreement"])
        context = b"release\0" + bytes(version().id) + receiver
        wrapped = wrapping.wrap(key, receiver, b"\7" * 32, context)
        entry = {"block": 7, "log": 0}
        return {"wrapped": wrapped.hex(), "block": 9, "reason": "so", "entry": entry, "custodian": "somebody"}

    found = unlock_by(answer, version(), sealed)
    assert (found.key, found.giver, found.release.entry) == (KEY, "somebody", (7, 0))
    for wrong in (
        lambda asked: answer(asked, b"\5" * 32),
        lambda asked: answer(asked) | {"wrapped": "zz"},
        lambda asked: answer(asked) | {"block": None},
        lambda _: {},
    ):
        with pytest.raises(CheckFailed, match="no key in the node's answer"):
            unlock_by(wrong, version(), sealed)


def test_who_gives_another_key_is_left_out_and_the_next_one_asked() -> None:
    sealed = sealing_of(version())
    assert sealed is not None
    asked: list[list[str]] = []
    keys = {"liar": b"\5" * 32, "second liar": b"\6" * 32, "honest": KEY}

    def answer(wish: dict[str, Any]) -> dict[str, Any]:
        asked.append(list(wish.get("without", [])))
        left = [name for name in keys if name not in asked[-1]]
        if not left:
            raise Unreachable("found no custodian that gives the key, expected one")
        receiver = bytes.fromhex(wish["agreement"])
        wrapped = wrapping.wrap(keys[left[0]], receiver, b"\7" * 32, b"release\0" + bytes(version().id) + receiver)
        return {"wrapped": wrapped.hex(), "block": 9, "reason": "so", "entry": None, "custodian": left[0]}

    assert unlock_by(answer, version(), sealed).giver == "honest"
    assert asked == [[], ["liar"], ["liar", "second liar"]]
    del keys["honest"]
    with pytest.raises(CheckFailed, match=r"second liar gave another key .* no custodian that gives the key"):
        unlock_by(answer, version(), sealed)
    keys.clear()
    with pytest.raises(Unreachable):
        unlock_by(answer, version(), sealed)


def test_an_account_is_read_from_digits_or_words_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "account"
    for text, key in ((ACCOUNT.hex(), ACCOUNT), ("0x" + ACCOUNT.hex() + "\n", ACCOUNT), (PHRASE, account_key(PHRASE))):
        file.write_text(text)
        assert read_account(file) == key
    for text in ("", "00" * 32, "ab", "one two three", "zz" * 32, ACCOUNT.hex() * 2):
        file.write_text(text)
        with pytest.raises(BadInput, match="64 hexadecimal digits"):
            read_account(file)
    file.write_bytes(b"\xff\xfe")
    for path in (file, tmp_path / "none"):
        with pytest.raises(BadInput, match="unreadable"):
            read_account(path)


def test_half_of_a_viewer_is_told(tmp_path: Path) -> None:
    file = tmp_path / "account"
    file.write_text(ACCOUNT.hex())
    assert viewer_of(None, "DE", "streaming") is None
    assert viewer_of(file, "DE", "streaming") == VIEWER
    for territory, medium in ((None, "streaming"), ("XX", "streaming"), ("DE", "dream")):
        with pytest.raises(BadInput):
            viewer_of(file, territory, medium)
