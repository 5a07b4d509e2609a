"""Secrets are made once, sealed when there is a passphrase, and never open after a change."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.errors import BadInput

CHEAP = 12


def test_a_secret_is_made_on_first_need_and_stays(tmp_path: Path) -> None:
    keys = Keystore(tmp_path / "keys")
    secret = keys.secret("root")
    assert len(secret) == 32
    assert secret != keys.secret("device")
    again = Keystore(tmp_path / "keys")
    assert again.secret("root") == secret
    assert again.names() == ["device", "root"]
    assert not again.encrypted


def test_key_files_are_private(tmp_path: Path) -> None:
    Keystore(tmp_path / "keys").secret("root")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "root.key").stat().st_mode) == 0o600


def test_a_sealed_secret_is_not_in_its_file_and_opens_with_its_passphrase(tmp_path: Path) -> None:
    keys = Keystore(tmp_path, "open sesame", cost=CHEAP)
    secret = keys.secret("root")
    assert keys.encrypted
    assert secret not in (tmp_path / "root.key").read_bytes()
    assert Keystore(tmp_path, "open sesame").secret("root") == secret


def test_a_wrong_passphrase_is_one_sentence_and_makes_nothing(tmp_path: Path) -> None:
    Keystore(tmp_path, "right", cost=CHEAP).secret("root")
    with pytest.raises(BadInput, match=r"found a passphrase that does not open .*root\.key, expected the one"):
        Keystore(tmp_path, "wrong")
    with pytest.raises(BadInput, match="expected its passphrase in CINEPEER_PASSPHRASE"):
        Keystore(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["root.key"]


def test_plain_secrets_are_sealed_when_a_passphrase_comes(tmp_path: Path) -> None:
    secret = Keystore(tmp_path, "").secret("root")
    assert secret in (tmp_path / "root.key").read_bytes()
    assert Keystore(tmp_path, "now", cost=CHEAP).secret("root") == secret
    assert secret not in (tmp_path / "root.key").read_bytes()
    with pytest.raises(BadInput, match="sealed"):
        Keystore(tmp_path)


def test_a_secret_made_elsewhere_is_kept_and_never_overwritten(tmp_path: Path) -> None:
    keys = Keystore(tmp_path)
    keys.keep("root", bytes(32))
    keys.keep("root", bytes(32))
    assert keys.secret("root") == bytes(32)
    with pytest.raises(BadInput, match="found another secret under the name 'root'"):
        keys.keep("root", b"\1" * 32)
    with pytest.raises(BadInput, match="found a secret of 31 bytes"):
        keys.keep("short", bytes(31))
    assert keys.names() == ["root"]


def test_sealed_files_cannot_be_swapped(tmp_path: Path) -> None:
    keys = Keystore(tmp_path, "pass", cost=CHEAP)
    keys.secret("one")
    keys.secret("two")
    (tmp_path / "two.key").write_bytes((tmp_path / "one.key").read_bytes())
    with pytest.raises(BadInput, match=r"two\.key"):
        Keystore(tmp_path, "pass")


@pytest.mark.parametrize("name", ["", "../root", "Root", "a/b", "a" * 97, "-a"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="found the key name"):
        Keystore(tmp_path).secret(name)


def test_no_secret_shows_in_text(tmp_path: Path) -> None:
    keys = Keystore(tmp_path, "hidden-words", cost=CHEAP)
    secret = keys.secret("root")
    assert "hidden-words" not in repr(keys)
    assert secret.hex() not in repr(keys)


@pytest.mark.parametrize("passphrase", [None, "pass"])
@given(data=st.data())
def test_a_changed_byte_or_length_never_opens(
    tmp_path_factory: pytest.TempPathFactory, passphrase: str | None, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    Keystore(folder, passphrase, cost=CHEAP).secret("root")
    file = folder / "root.key"
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    cut = data.draw(st.booleans())
    file.write_bytes(whole[:place] if cut else whole[:place] + bytes((whole[place] ^ change,)) + whole[place + 1 :])
    with pytest.raises(BadInput):
        Keystore(folder, passphrase, cost=CHEAP).secret("root")
