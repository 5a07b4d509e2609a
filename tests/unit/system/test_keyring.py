"""The keyring: a fresh home has a phrase, an older one keeps the keys that it was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.adapters.system.keyring import keep_phrase, open_roots, show_phrase
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.errors import BadInput

CHEAP = 12


def test_a_fresh_home_has_a_phrase_and_always_the_same_keys_from_it(tmp_path: Path) -> None:
    roots = open_roots(Keystore(tmp_path / "a"))
    again = Keystore(tmp_path / "a")
    assert open_roots(again) == roots
    assert again.names() == ["account", "phrase"]
    assert len({roots.first, roots.following}) == 2


def test_a_phrase_restores_the_same_roots_and_account_elsewhere(tmp_path: Path) -> None:
    first, other = Keystore(tmp_path / "a"), Keystore(tmp_path / "b")
    roots = open_roots(first)
    assert keep_phrase(other, show_phrase(first)) == roots
    assert other.secret("account") == first.secret("account")


def test_the_phrase_is_sealed_at_rest(tmp_path: Path) -> None:
    keys = Keystore(tmp_path, "open sesame", cost=CHEAP)
    open_roots(keys)
    assert keys.secret("phrase") not in (tmp_path / "phrase.key").read_bytes()
    with pytest.raises(BadInput, match="CINEPEER_PASSPHRASE"):
        Keystore(tmp_path)


def test_a_home_from_before_keeps_its_keys_and_has_no_phrase(tmp_path: Path) -> None:
    keys = Keystore(tmp_path)
    made = {name: keys.secret(name) for name in ("root", "next-root", "device", "account", "peer", "sequencer")}
    roots = open_roots(keys)
    assert (roots.first, roots.following, roots.nonce) == (made["root"], made["next-root"], None)
    assert {name: keys.secret(name) for name in keys.names()} == made
    with pytest.raises(BadInput, match="made without a phrase"):
        show_phrase(keys)


def test_a_phrase_never_replaces_keys(tmp_path: Path) -> None:
    words = show_phrase_of_a_new_home(tmp_path / "a")
    keys = Keystore(tmp_path / "b")
    keys.secret("root")
    with pytest.raises(BadInput, match="found the keys root there already, expected a fresh home"):
        keep_phrase(keys, words)
    assert keys.names() == ["root"]
    with pytest.raises(BadInput, match="found 3 words"):
        keep_phrase(Keystore(tmp_path / "c"), "only three words")
    assert Keystore(tmp_path / "c").names() == []


def show_phrase_of_a_new_home(folder: Path) -> str:
    keys = Keystore(folder)
    open_roots(keys)
    return show_phrase(keys)
