"""A host takes scarce films first, makes room by what many hold, and believes who proves it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from cinepeer.app.catalogue import Version
from cinepeer.app.choice import Choice
from cinepeer.app.host import UNCHOSEN
from cinepeer.app.scarcity import Copy, leave_first, make_room
from cinepeer.errors import BadInput
from cinepeer.records.cid import RAW, Cid
from unit.app.host_stand import Stand, on_a_stand


def test_the_scarcest_films_are_taken_when_not_all_fit(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [(await stand.film(f"film {number}", author))[1] for number in range(5)]
        await stand.say(films[:2], stand.hosts[:3])
        await stand.hosting.pursue()
        assert await stand.held() >= {film.id for film in films[2:]}
        assert len(await stand.held()) == 3
        assert all("left under the disk cap" in why for why in stand.hosting.declined.values())

    on_a_stand(tmp_path, story)


def test_a_film_that_many_hold_leaves_for_a_scarce_one_unless_it_is_kept(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [await stand.film(f"film {number}", author) for number in range(3)]
        await stand.hosting.pursue()
        await stand.say([version for _, version in films[:2]], stand.hosts[:3])
        stand.hosting.keep(films[0][0], is_kept=True)
        assert stand.lines == [films[0][0]]
        _, scarce = await stand.film("scarce", author)
        await stand.hosting.pursue()
        assert await stand.held() == {films[0][1].id, films[2][1].id, scarce.id}
        _, another = await stand.film("another", author)
        await stand.hosting.pursue()
        assert another.id in stand.hosting.declined and await stand.held() >= {scarce.id}
        stand.hosting.keep(films[0][0], is_kept=False)
        await stand.hosting.pursue()
        assert await stand.held() == {films[2][1].id, scarce.id, another.id}

    on_a_stand(tmp_path, story)


def test_only_a_known_film_is_kept(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        with pytest.raises(BadInput, match="found no film 'x'"):
            stand.hosting.keep("x", is_kept=True)

    on_a_stand(tmp_path, story)


@pytest.mark.parametrize("is_whole", [True, False], ids=["the film", "one version"])
def test_what_a_creator_takes_back_leaves_at_the_next_look_unless_it_is_kept(tmp_path: Path, is_whole: bool) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        (gone_id, gone), (kept_id, kept) = [await stand.film(name, author) for name in ("gone", "kept")]
        await stand.hosting.pursue()
        stand.hosting.keep(kept_id, is_kept=True)
        back = [Cid.parse(gone_id), Cid.parse(kept_id)] if is_whole else [gone.id, kept.id]
        await author.sign("retraction", {"records": back, "reason": "a new cut comes"})
        await stand.world.library.refresh()
        assert {one.name: one.why for one in await stand.hosting.explain()} == {
            "gone": "taken back by its creator: it leaves at the next look",
            "kept": "taken back by its creator: kept by the owner of this node",
        }
        await stand.hosting.pursue()
        assert await stand.ipfs.pins() == {kept.root}
        assert await stand.ipfs.get_block(gone.root) is None
        assert [one.copy.version for one in await stand.hosting.explain()] == [kept.id]
        assert await stand.held() == set()  # no host record names it any more
        stand.hosting.keep(kept_id, is_kept=False)
        await stand.hosting.pursue()
        assert await stand.ipfs.pins() == set()

    on_a_stand(tmp_path, story)


def test_taking_back_what_somebody_else_published_too_takes_nothing_from_them(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, theirs = await stand.film("film", stand.hosts[4])
        _, copied = await stand.film("film", stand.hosts[3])
        await stand.hosting.pursue()
        assert theirs.root == copied.root
        await stand.hosts[3].sign("retraction", {"records": [copied.id], "reason": ""})
        # Nor does it count who is not the author of the records.
        await stand.hosts[2].sign("retraction", {"records": [theirs.id], "reason": ""})
        await stand.world.library.refresh()
        await stand.hosting.pursue()
        assert await stand.held() == {theirs.id}

    on_a_stand(tmp_path, story)


@pytest.mark.parametrize("word", ["all", "followed", "taste"])
def test_what_the_owner_follows_or_likes_comes_first_or_alone(tmp_path: Path, word: str) -> None:
    async def story(stand: Stand) -> None:
        names = ["followed", "listed", "liked", "else", "scarce"]
        made = {name: await stand.film(name, stand.hosts[0 if name == "followed" else 4]) for name in names}
        films = {name: version for name, (_, version) in made.items()}
        await stand.say([films[name] for name in names[:4]], stand.hosts[1:3])
        await stand.hosts[0].sign("profile", {"name": "Ada"})
        await stand.me.sign("follow", {"on": stand.hosts[0].id, "follows": True})
        said = {"list": None, "name": "Nights", "about": "", "language": "", "films": [made["listed"][0]]}
        listed = await stand.hosts[3].sign("collection", said)
        await stand.me.sign("follow", {"on": listed.id, "follows": True})
        await stand.world.library.refresh()

        async def best() -> list[str]:
            return [made["liked"][0], "imdb:tt0111161"]

        stand.hosting.choice = Choice(word, stand.world.library, stand.me.id, best)
        await stand.hosting.pursue()
        held = {name for name in names if films[name].id in await stand.held()}
        assert (
            held
            == {
                "all": {"followed", "listed", "scarce"},
                "followed": {"followed", "listed"},
                "taste": {"followed", "listed", "liked"},
            }[word]
        )
        why = {one.name: one.why for one in await stand.hosting.explain()}
        assert (why["followed"], why["listed"]) == ("you follow Ada", "it is in the list Nights")
        assert (UNCHOSEN in why["else"]) == (word != "all")
        if word == "followed":
            stand.hosting.keep(made["else"][0], is_kept=True)
            await stand.hosting.pursue()
            assert films["else"].id in await stand.held()

    on_a_stand(tmp_path, story)


def test_a_chosen_film_may_take_the_place_of_one_that_is_not_and_never_the_other_way() -> None:
    cid = Cid.of(b"film", RAW)
    plain = Copy(cid, cid, 100, 5, True, False, False, proven=3)
    chosen = Copy(cid, cid, 100, 5, False, False, False, chosen="you follow Ada")
    assert make_room([plain], chosen, 50) == [plain]
    held = Copy(cid, cid, 100, 5, True, False, False, proven=3, chosen="you follow Ada")
    wanted = Copy(cid, cid, 100, 5, False, False, False)
    assert make_room([held], wanted, 50) is None and make_room([held], chosen, 50) is None
    assert leave_first([held, plain]) == [plain, held]


def test_another_word_for_what_is_hosted_is_refused() -> None:
    async def best() -> list[str]:
        return []

    with pytest.raises(BadInput, match="expected one of all, followed, taste"):
        Choice("some", None, Cid(), best)  # type: ignore[arg-type]


def test_every_film_is_explained(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, far = await stand.film("far", stand.hosts[4])
        stand.away.add(far.root)
        _, common = await stand.film("common", stand.hosts[4])
        _, own = await stand.film("own", stand.me)
        await stand.say([common, own], stand.hosts[:3])
        await stand.hosting.pursue()
        told = {one.name: one for one in await stand.hosting.explain()}
        assert told["far"].why == "found nobody, expected a provider" and told["far"].leaves is None
        assert told["common"].why == "3 others hold it, 0 of them proved it" and told["common"].leaves == 1
        assert told["own"].why == "published by this author" and told["own"].leaves is None
        assert told["own"].conclusion == "no other host proved to hold it whole (3 say so); stay on until 3 do"
        assert told["common"].conclusion is None
        assert [one.name for one in await stand.hosting.explain()] == ["common", "own", "far"]
        await stand.hold(own.root)
        assert await stand.challenges.prove(own) == 3
        told = {one.name: one for one in await stand.hosting.explain()}
        assert told["own"].conclusion == "3 hosts hold it whole; you may switch off"

    on_a_stand(tmp_path, story)


def test_no_film_leaves_because_others_say_that_they_hold_it(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [await stand.film(f"film {number}", author) for number in range(3)]
        await stand.hosting.pursue()
        await stand.say([version for _, version in films], stand.hosts[:4], "liar")
        _, scarce = await stand.film("scarce", author)
        await stand.hosting.pursue()
        assert await stand.held() == {version.id for _, version in films}
        assert "left under the disk cap" in stand.hosting.declined[scarce.id]

    on_a_stand(tmp_path, story)


def test_what_is_denied_while_a_film_comes_is_collected_after_it(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, first = await stand.film("first", stand.hosts[4])
        await stand.hosting.pursue()
        _, second = await stand.film("second", stand.hosts[4])
        begun, go_on = asyncio.Event(), asyncio.Event()
        fetch = stand.hosting._fetch

        async def slow(root: Cid, addrs: Sequence[str]) -> int:
            count = await fetch(root, addrs)
            begun.set()
            await go_on.wait()
            return count

        stand.hosting._fetch = slow
        pursuing = asyncio.create_task(stand.hosting.pursue())
        await begun.wait()
        await stand.hosting.drop(first.root)
        go_on.set()
        assert await pursuing == 1
        assert await stand.held() == {second.id} and not stand.ipfs.blocks.has(first.root)

    on_a_stand(tmp_path, story)


def test_a_film_that_the_ledger_speaks_against_is_not_taken_until_it_does_no_more(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, version = await stand.film("disputed", stand.hosts[4])
        said: list[str | None] = ["the title is suspended by a dispute, as of block 7"]

        async def consent(_: Version) -> str | None:
            return said[0]

        stand.hosting.consent = consent
        await stand.hosting.pursue()
        assert (await stand.held(), stand.hosting.declined) == (set(), {version.id: said[0]})
        said[0] = None
        await stand.hosting.pursue()
        assert (await stand.held(), stand.hosting.declined) == ({version.id}, {})

    on_a_stand(tmp_path, story)
