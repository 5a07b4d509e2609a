"""Who says that it holds a film is asked for a block of it, and counts while it gives it."""

from __future__ import annotations

from pathlib import Path

from cinepeer.app.challenge import PROVEN_MS
from cinepeer.content.unixfs import walk
from unit.app.host_stand import Stand, on_a_stand


def test_a_host_that_gives_no_block_in_time_counts_no_more_until_it_does(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("film", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:1])
        await stand.say([film], stand.hosts[1:2], "liar")
        assert stand.challenges.count(film) == 2
        (honest, _), (liar, _) = sorted(stand.challenges.others(film), key=lambda pair: "liar" in pair[0].addrs[0])
        good, bad = await stand.challenges.challenge(film, honest), await stand.challenges.challenge(film, liar)
        assert good is not None and good.held and (good.kept, good.failed) == (1, 0)
        assert bad is not None and not bad.held and (bad.kept, bad.failed) == (0, 1)
        assert stand.challenges.count(film) == 1
        assert await stand.challenges.look() is not None
        assert {cid for cid, _ in stand.asked} <= set(stand.far)

    on_a_stand(tmp_path, story)


def test_one_peer_under_the_names_of_many_proves_once_and_not_for_ever(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("film", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:4], "12D3KooWsame")
        assert stand.challenges.proven(film) == 0 and stand.challenges.count(film) == 4
        assert await stand.challenges.prove(film) == 1
        stand.world.pass_ms(PROVEN_MS)
        assert stand.challenges.proven(film) == 0

    on_a_stand(tmp_path, story)


def test_every_leaf_may_be_asked_for(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("films", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:1])
        stand.chances = iter([0.0, 0.5, 0.999])
        ((host, _),) = stand.challenges.others(film)
        for _ in range(3):
            await stand.challenges.challenge(film, host)
        leaves = [cid for cid, _ in walk(film.root, stand.far.get)][1:]
        assert [cid for cid, _ in stand.asked] == leaves

    on_a_stand(tmp_path, story)


def test_nobody_is_asked_where_nothing_is_held_or_nobody_says_so(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        assert await stand.challenges.look() is None
        _, film = await stand.film("film", stand.hosts[4])
        await stand.say([film], stand.hosts[:1])
        ((host, _),) = stand.challenges.others(film)
        assert await stand.challenges.challenge(film, host) is None
        assert stand.asked == []

    on_a_stand(tmp_path, story)
