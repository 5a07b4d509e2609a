"""Sealed files open for their key, path and bytes alone; what a version record says of them is read strictly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cinepeer.content import wrapping
from cinepeer.content.cipher import (
    Sealed,
    commitment_of,
    content_key,
    is_sealed_path,
    nonce_of,
    seal,
    sealed_of,
    unseal,
    verify_key,
)
from cinepeer.errors import Refused
from cinepeer.records import keys
from cinepeer.records.cid import DAG_CBOR, RAW, Cid

KEY, OTHER = bytes(range(32)), bytes(32)
PATH = "480/00002.m4s"
HOST = Cid.of(b"host", DAG_CBOR)
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sealed.json").read_text())


def test_a_sealed_file_opens_again_and_shows_nothing_of_itself():
    plain = b"moof" * 1_000
    sealed = seal(KEY, PATH, plain)
    assert len(sealed) == len(plain) + 16
    assert b"moof" not in sealed
    assert unseal(KEY, PATH, sealed) == plain
    assert unseal(KEY, PATH, seal(KEY, PATH, b"")) == b""


@pytest.mark.parametrize("place", [0, 7, -1])
def test_a_changed_byte_opens_nothing(place):
    sealed = bytearray(seal(KEY, PATH, b"a piece of a film"))
    sealed[place] ^= 1
    with pytest.raises(Refused, match="expected the film's key") as caught:
        unseal(KEY, PATH, bytes(sealed))
    assert caught.value.reason == "bad-seal"


@pytest.mark.parametrize(
    ("key", "path"), [(OTHER, PATH), (KEY, "480/00003.m4s"), (KEY, "720/00002.m4s"), (KEY, "480/00002.mp4")]
)
def test_another_key_or_path_opens_nothing(key, path):
    with pytest.raises(Refused):
        unseal(key, path, seal(KEY, PATH, b"a piece"))


@pytest.mark.parametrize("cut", [0, 1, 15])
def test_what_is_shorter_than_a_tag_is_refused(cut):
    with pytest.raises(Refused):
        unseal(KEY, PATH, seal(KEY, PATH, b"")[:cut])


def test_the_same_files_get_the_same_key_and_any_other_byte_another():
    files = [("480/00000.m4s", hashlib.sha256(b"a").digest()), ("480/00001.m4s", hashlib.sha256(b"b").digest())]
    key = content_key(KEY, files)
    assert content_key(KEY, reversed(files)) == key
    assert content_key(OTHER, files) != key
    assert content_key(KEY, files[:1]) != key
    assert content_key(KEY, [files[0], ("480/00001.m4s", hashlib.sha256(b"c").digest())]) != key
    assert content_key(KEY, [files[0], ("480/00002.m4s", files[1][1])]) != key


def test_playlists_the_poster_and_the_credentials_are_open_and_all_else_is_sealed():
    for path in ("master.m3u8", "480/index.m3u8", "poster.jpg", "credentials.c2pa"):
        assert not is_sealed_path(path)
    for path in ("480/init_480.mp4", PATH, "text/en/00000.vtt", "storyboard.jpg", "480/poster.jpg", "new"):
        assert is_sealed_path(path)


def test_a_nonce_is_the_number_of_the_segment():
    assert int.from_bytes(nonce_of("480/00000.m4s")) == 1
    assert int.from_bytes(nonce_of("480/00041.m4s")) == 42
    assert int.from_bytes(nonce_of("480/init_480.mp4")) == 0
    assert len(nonce_of("a")) == 12


def test_a_version_says_its_key_and_custodians():
    sealed = Sealed(commitment_of(KEY), (HOST,))
    assert sealed_of({"sealed": sealed.to_map()}) == sealed
    assert sealed_of({"label": "original cut"}) is None
    verify_key(KEY, sealed)
    for wrong in (OTHER, b"", KEY + b"\0"):
        with pytest.raises(Refused, match="expected that one"):
            verify_key(wrong, sealed)


@pytest.mark.parametrize(
    "change",
    [
        {"key": bytes(31)},
        {"key": None},
        {"custodians": [HOST, HOST]},
        {"custodians": [Cid.of(b"x", RAW)]},
        {"custodians": [Cid.of(bytes([number]), DAG_CBOR) for number in range(17)]},
        {"more": 1},
        {"scheme": 1},
    ],
)
def test_an_odd_word_on_sealing_is_refused_by_its_reader(change):
    said = Sealed(commitment_of(KEY), (HOST,)).to_map() | change
    with pytest.raises(Refused) as caught:
        sealed_of({"sealed": said})
    assert caught.value.reason == "bad-form"


@pytest.mark.parametrize("said", [None, True, [], {}])
def test_a_version_that_is_sealed_by_nothing_known_is_not_taken_for_an_open_one(said):
    with pytest.raises(Refused):
        sealed_of({"sealed": said})


def test_another_scheme_is_refused_by_its_name():
    said = Sealed(commitment_of(KEY), ()).to_map() | {"scheme": "cinepeer/sealed/2"}
    with pytest.raises(Refused) as caught:
        sealed_of({"sealed": said})
    assert caught.value.reason == "unknown-scheme"


def test_a_wrapped_key_opens_for_its_device_and_purpose_alone():
    seed = b"\5" * 32
    receiver = wrapping.device_agreement(keys.public_key(seed))
    private = wrapping.device_secret(seed)
    assert wrapping.agreement_key(private) == receiver
    wrapped = wrapping.wrap(KEY, receiver, b"\7" * 32, b"purpose")
    assert wrapping.unwrap(wrapped, private, b"purpose") == KEY
    changed = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    for tried in (
        (wrapped, private, b"another"),
        (wrapped, OTHER, b"purpose"),
        (changed, private, b"purpose"),
        (wrapped[:-1], private, b"purpose"),
        (bytes(80), private, b"purpose"),
    ):
        with pytest.raises(Refused) as caught:
            wrapping.unwrap(*tried)
        assert caught.value.reason == "bad-wrapping"


@pytest.mark.parametrize("receiver", [bytes(32), b"\1" + bytes(31)])
def test_no_key_is_wrapped_for_a_point_with_which_everybody_agrees(receiver):
    with pytest.raises(Refused, match="nothing secret"):
        wrapping.wrap(KEY, receiver, b"\7" * 32, b"")


@pytest.mark.parametrize("device", [bytes(32), b"\xff" * 32, b"", b"\2" + bytes(31)])
def test_a_device_key_that_is_no_point_gets_nothing(device):
    with pytest.raises(Refused) as caught:
        wrapping.device_agreement(device)
    assert caught.value.reason == "bad-key"


def test_the_frozen_examples_hold():
    key = bytes.fromhex(VECTORS["key"])
    assert commitment_of(key).hex() == VECTORS["commitment"]
    for one in VECTORS["files"]:
        assert seal(key, one["path"], bytes.fromhex(one["plain"])).hex() == one["sealed"]
    one = VECTORS["wrapped"]
    private, context = bytes.fromhex(one["private"]), bytes.fromhex(one["context"])
    assert wrapping.unwrap(bytes.fromhex(one["wrapped"]), private, context) == key
    assert (
        wrapping.wrap(key, wrapping.agreement_key(private), bytes.fromhex(one["once"]), context).hex() == one["wrapped"]
    )
