"""Custodians take keys from a film's author alone, and give them to licensees alone; each refusal has its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.custody import MAX_QUESTIONS, MINUTE_MS
from cinepeer.content import wrapping
from cinepeer.content.cipher import commitment_of
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.deposit import (
    encode_question,
    parse_kept,
    parse_question,
)
from cinepeer.rights.release import parse_release, request_context
from cinepeer.rights.signatures import address_of
from unit.app.custody_stage import (
    AGREEMENT,
    HOST_SEED,
    KEY,
    LICENSEE,
    PRIVATE,
    Stage,
    device_seed,
    play,
    refusal,
)
from unit.rights.test_licence_questions import granted


def test_a_key_is_taken_kept_and_released_to_a_licensee(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        parse_kept(await stage.ask(stage.deposit()))
        parse_kept(await stage.ask(stage.deposit()))
        release = parse_release(await stage.ask(stage.request()))
        assert wrapping.unwrap(release.wrapped, PRIVATE, request_context(stage.version, AGREEMENT)) == KEY
        assert (release.block, release.entry) == (9, (7, 0))
        assert [(film.name, version.id) for film, version, _ in stage.custody.held()] == [("Sealed", stage.version)]
        assert stage.custody.counts == {"taken": 2, "released": 1}
        assert not stage.custody.is_encrypted
        again = Keystore(tmp_path / "keys")
        assert [name for name in again.names() if again.secret(name) == KEY] == [f"content-{commitment_of(KEY).hex()}"]

    play(tmp_path, story)


def test_a_key_is_taken_from_the_film_s_own_author_alone(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        other = await stage.world.author("other")
        honest = stage.deposit()
        for wrong, reason in (
            (stage.deposit(key=b"\5" * 32), "wrong-key"),
            (stage.deposit(seed=device_seed("other")), "wrong-author"),
            (stage.deposit(host=other.device), "wrong-custodian"),
            (replace(honest, version=Cid.of(b"none", DAG_CBOR)), "bad-signature"),
            (replace(honest, wrapped=bytes(80)), "bad-signature"),
        ):
            assert refusal(await stage.ask(wrong)) == reason
        stage.version = Cid.of(b"none", DAG_CBOR)
        assert refusal(await stage.ask(stage.deposit())) == "unknown-version"
        assert stage.custody.held() == []

    play(tmp_path, story)


def test_who_keeps_no_keys_takes_none(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.is_willing = False
        assert refusal(await stage.ask(stage.deposit())) == "not-custodian"

    play(tmp_path, story)


def test_every_missing_right_is_refused_by_name(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        assert refusal(await stage.ask(stage.request())) == "no-key"
        stage.custody.keep(KEY)
        assert refusal(await stage.ask(stage.request(account=b"\6" * 32))) == "no-licence"
        assert refusal(await stage.ask(stage.request(territory="IT"))) == "no-licence"
        assert refusal(await stage.ask(replace(stage.request(), territory="XX"))) == "bad-signature"
        assert refusal(await stage.ask(replace(stage.request(), account=bytes(20)))) == "bad-signature"
        late = stage.request()
        stage.world.pass_ms(3_600_000)
        assert refusal(await stage.ask(late)) == "stale"
        stage.titles.title = None
        assert refusal(await stage.ask(stage.request())) == "no-licence"
        assert stage.custody.counts["no-licence"] == 3
        assert stage.custody.counts["released"] == 0

    play(tmp_path, story)


def test_a_licence_that_ends_or_is_taken_back_stops_the_next_release(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        assert parse_release(await stage.ask(stage.request())).block == 9
        stage.titles.licences[0].revoked = True
        stage.titles.block += 1
        with pytest.raises(Refused, match=r"taken back .* \(as of block 10\)"):
            parse_release(await stage.ask(stage.request()))
        stage.titles.licences[0].revoked = False
        stage.titles.block += 1
        stage.world.pass_ms(200_000_000)
        with pytest.raises(Refused, match="over since"):
            parse_release(await stage.ask(stage.request()))

    play(tmp_path, story)


def test_a_licence_that_ended_a_minute_ago_is_over_whatever_time_is_asked_for(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        request = stage.request()
        stage.titles.licences = [granted(b"a", address_of(LICENSEE), request.time - 9, request.time)]
        stage.world.pass_ms(60_000)
        with pytest.raises(Refused, match="over since"):
            parse_release(await stage.ask(request))

    play(tmp_path, story)


def test_a_licence_bought_just_now_opens_the_film_though_the_ledger_s_time_is_ahead_of_the_clock(
    tmp_path: Path,
) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        begins = stage.world.clock_ms() // 1000 + 8
        stage.titles.licences = [granted(b"a", address_of(LICENSEE), begins, begins + 99)]
        with pytest.raises(Refused, match="found the licence to begin on"):
            parse_release(await stage.ask(stage.request()))
        stage.titles.ahead_s = 8
        assert parse_release(await stage.ask(stage.request())).block == 9

    play(tmp_path, story)


def test_a_film_that_the_owner_denies_gets_no_key_here(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        for denied in (stage.creator.id, stage.world.library.catalogue.versions()[0].root):
            stage.custody._is_denied = lambda cid, denied=denied: cid == denied
            assert refusal(await stage.ask(stage.request())) == "denied"
            assert refusal(await stage.ask(stage.deposit())) == "denied"

    play(tmp_path, story)


def test_the_ledger_is_folded_once_for_a_block(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        for _ in range(3):
            parse_release(await stage.ask(stage.request()))
        assert stage.titles.folds == 1
        stage.titles.block += 1
        parse_release(await stage.ask(stage.request()))
        assert stage.titles.folds == 2

    play(tmp_path, story)


def test_an_open_film_has_no_key(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.version = (await stage.cut(await stage.film("Open"))).id
        assert refusal(await stage.ask(stage.request())) == "not-sealed"
        assert refusal(await stage.ask(stage.deposit())) == "not-sealed"

    play(tmp_path, story)


def test_who_asks_too_often_waits_for_the_next_minute(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.world.clock_ms = lambda: 1_790_000_000_000  # type: ignore[method-assign]
        stage.custody = stage.of(HOST_SEED, stage.vault, True)
        request = stage.request()
        reasons = [refusal(await stage.ask(request)) for _ in range(MAX_QUESTIONS + 1)]
        assert (reasons[0], reasons[-2], reasons[-1]) == ("no-key", "no-key", "too-often")
        assert refusal(await stage.ask(request, "another")) == "no-key"
        with pytest.raises(Refused, match="no key"):
            await stage.custody.answer(request, "http somebody")
        stage.world.clock_ms = lambda: 1_790_000_000_000 + MINUTE_MS  # type: ignore[method-assign]
        stage.custody._clock_ms = stage.world.clock_ms
        assert refusal(await stage.ask(request)) == "no-key"

    play(tmp_path, story)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_question_or_refused(data: bytes) -> None:
    try:
        assert encode_question(parse_question(data)) == data
    except Refused as error:
        assert error.reason == "bad-frame"


VALUES = st.recursive(
    st.none() | st.integers(-3, 3) | st.text(max_size=4) | st.binary(max_size=90),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["request", "deposit", "version", "custodian", "wrapped", "device", "signature"]), inner
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_map_is_a_question_or_refused(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        parse_question(dagcbor.encode(value))
    assert caught.value.reason == "bad-frame"


def test_a_frame_of_another_form_is_blamed_and_counted(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        whole = encode_question(stage.request())
        for data in (b"", whole[:-1], whole + b"\0", bytes(3_000), dagcbor.encode({"request": b"", "more": 1})):
            with pytest.raises(Refused):
                await stage.ask(data)
        assert stage.custody.counts == {"bad-frame": 5}

    play(tmp_path, story)
