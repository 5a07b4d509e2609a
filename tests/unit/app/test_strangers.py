"""Authors that nothing here vouches for share one bounded pool: who takes most loses first, the owner's own nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.store.reading import reading
from cinepeer.adapters.store.records import RecordStore
from cinepeer.app.strangers import Strangers, vouched_for
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.budget import NO_ROOM, keep_bytes
from cinepeer.replication.scope import EVERYTHING, Scope
from unit.app.people import World, in_world
from unit.store.people import NOW_MS, Feed, Pair, Person, rater, seed_of


def strangers(world: World, known: set[Cid], cap_bytes: int) -> Strangers:
    """As a node has them."""

    async def now() -> set[Cid]:
        return set(known)

    return Strangers(world.store, now, world.library.recount, cap_bytes)


async def bodies(store: RecordStore, person: Person) -> int:
    """How many bodies of a person's ratings are here."""
    held = await store.by_kind("rating", person.inception.id)
    return sum(one.body is not None for one in held)


def tell(tmp_path: Path, story: Callable[[World], Awaitable[None]]) -> None:
    """Runs a story in a world."""
    in_world(tmp_path, story)


def test_who_takes_most_loses_the_newest_first_and_the_small_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        loud, quiet, friend = rater("loud", 60), rater("quiet", 3), rater("friend", 60)
        for person in (loud, quiet, friend):
            await world.store.add(person.pairs, NOW_MS)
        await world.library.refresh()
        before = await world.store.sealed(EVERYTHING)
        counted = world.library.ratings
        sizes = await world.store.author_sizes()
        cap_bytes = 2_000 + sum(sizes[one.inception.id][0] for one in (loud, quiet))
        it = strangers(world, {friend.inception.id}, cap_bytes)
        await it.look()
        assert await bodies(world.store, quiet) == 3
        assert await bodies(world.store, friend) == 60
        left = await bodies(world.store, loud)
        assert 0 < left < 60
        kept = [one.body is not None for one in await world.store.by_kind("rating", loud.inception.id)]
        assert kept == sorted(kept, reverse=True)  # the oldest stay
        assert it.taken.evicted == 60 - left
        assert it.taken.size_bytes <= cap_bytes and not it.taken.is_full
        assert world.library.ratings == counted - (60 - left)
        # The set is the same, nothing is asked for again, and nothing of it is damage.
        after = await world.store.sealed(EVERYTHING)
        assert after.fingerprint(0, len(after)) == before.fingerprint(0, len(before))
        assert await world.store.bodiless(EVERYTHING, 99, 0.0) == []
        with reading(tmp_path / "records.db") as lying:
            assert not lying.damage().is_any
        # What goes on goes on: the next record of whoever lost some is stored as any.
        loud.rate(99)
        assert len((await world.store.add(loud.pairs, NOW_MS)).added) == 1

    tell(tmp_path, story)


def test_who_is_vouched_for_later_is_asked_for_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        loud = rater("loud", 60)
        await world.store.add(loud.pairs, NOW_MS)
        known: set[Cid] = set()
        it = strangers(world, known, 20_000)
        await it.look()
        lost = 60 - await bodies(world.store, loud)
        assert lost > 0
        known.add(loud.inception.id)
        await it.look()
        assert len(await world.store.bodiless(EVERYTHING, 99, 0.0)) == lost
        outcome = await world.store.add(loud.pairs, NOW_MS)
        assert len(outcome.completed) == lost
        await world.library.refresh(outcome.completed)
        assert world.library.ratings == 60

    tell(tmp_path, story)


def test_headers_that_fill_the_cap_let_strangers_wait_and_nobody_else(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        loud, late = rater("loud", 60), rater("late", 2)
        await world.store.add(loud.pairs, NOW_MS)
        anna = await world.author("anna")
        it = strangers(world, {anna.id}, 10_000)
        await it.start()
        await it.stop()
        await it.look()
        assert it.taken.is_full and await bodies(world.store, loud) == 0
        outcome = await world.store.add(late.pairs, NOW_MS)
        assert outcome.added == [] and outcome.refused == []  # it is valid, and waits
        assert {why for _, _, why in outcome.waiting} == {NO_ROOM}
        await anna.sign("rating", {"ratings": [["movielens:1", 9]]})
        larger = strangers(world, set(), 10_000_000)
        await larger.start()
        await larger.stop()
        assert len((await world.store.add(late.pairs, NOW_MS)).added) == 4

    tell(tmp_path, story)


def test_ten_thousand_throwaway_authors_cost_a_bounded_amount_and_no_acquaintance_anything(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        friend, loud = rater("friend", 20), rater("loud", 200)
        crowd = [pair for number in range(10_000) for pair in throwaway(number)]
        for begin in range(0, len(crowd), 4_000):
            assert len((await world.store.add(crowd[begin : begin + 4_000], NOW_MS)).added) == 4_000
        for person in (friend, loud):
            await world.store.add(person.pairs, NOW_MS)
        sizes = await world.store.author_sizes()
        assert len(sizes) == 10_002
        staying = sum(stays for author, (stays, _) in sizes.items() if author != friend.inception.id)
        assert staying / 10_001 < 2_300  # what nobody takes back of a throwaway author: two headers and an inception
        it = strangers(world, {friend.inception.id}, staying + 100_000)
        await it.look()
        assert it.taken.size_bytes <= staying + 100_000
        assert it.taken.authors == 10_001 and not it.taken.is_full
        assert await bodies(world.store, friend) == 20
        # One level for all: two hundred ratings of one author keep no more than the one of another.
        assert await bodies(world.store, loud) <= 1
        level = keep_bytes({author: its for author, its in sizes.items() if author != friend.inception.id}, staying)
        assert set(level.values()) == {0}

    tell(tmp_path, story)


def throwaway(number: int) -> list[Pair]:
    """All that somebody ever says: an author, and one rating signed by its root."""
    root = Feed(seed_of("throwaway", number))
    root.author, _ = root.write("inception", root=root.device, next=bytes(32))
    root.write("rating", ratings=[["movielens:1", 10]])
    return root.pairs


@settings(max_examples=300)
@given(
    sizes=st.dictionaries(
        st.integers(0, 40).map(lambda one: Cid.of(bytes([one]), DAG_CBOR)),
        st.tuples(st.integers(0, 3_000), st.integers(0, 9_000)),
    ),
    cap_bytes=st.integers(0, 60_000),
)
def test_the_level_is_one_for_all_and_as_high_as_the_cap_allows(
    sizes: dict[Cid, tuple[int, int]], cap_bytes: int
) -> None:
    keep = keep_bytes(sizes, cap_bytes)
    whole = sum(map(sum, sizes.values()))
    staying = sum(stays for stays, _ in sizes.values())
    if whole <= cap_bytes:
        assert keep == {}
        return
    left = staying + sum(keep.get(author, goes) for author, (_, goes) in sizes.items())
    assert left <= max(cap_bytes, staying)
    level = max(keep.values(), default=0)
    assert all(most == level for most in keep.values())
    assert all(goes <= level for author, (_, goes) in sizes.items() if author not in keep)
    room = cap_bytes - staying
    if room > 0:
        assert left - staying + len(keep) > room - room // 8  # not one byte each more would fit


def test_the_owner_whom_the_scope_names_and_the_authors_of_rated_films_are_vouched_for(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        anna, bela, carl = Person("anna"), Person("bela"), Person("carl")
        about = {"external": [], "credits": [], "genres": [], "synopsis": "", "languages": []}
        films = [one.device.write("film", name="Sunset", year=1927, **about)[0] for one in (bela, carl)]
        anna.device.write("rating", ratings=[[str(films[0].id), 9]])
        for one in (anna, bela, carl):
            await world.store.add(one.pairs, NOW_MS)
        await world.library.refresh()
        owner, dave = anna.inception.id, Cid.of(b"dave", DAG_CBOR)
        assert await vouched_for(owner, EVERYTHING, world.library) == {owner, bela.inception.id}
        scope = Scope(authors=frozenset({dave}))
        assert await vouched_for(owner, scope, world.library) == {owner, bela.inception.id, dave}

    tell(tmp_path, story)


def test_looking_is_left_out_while_little_came(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.store.add(rater("loud", 60).pairs, NOW_MS)
        it = strangers(world, set(), 10**9)
        await it.look()
        assert it.taken.authors == 0

    tell(tmp_path, story)
