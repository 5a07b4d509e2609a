"""The story in six steps on real parts; every step ends in one line of proof or in a `CheckFailed`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinepeer.errors import CheckFailed
from cinepeer.faces.cli import crowd
from cinepeer.faces.cli.cast import Player, run_client, until
from cinepeer.records import dagcbor

PRICE = 1_000_000
PAYMENT = 500_000
SEED = 7
CHANGED_BYTES = 10
WHOLE = 10_000
CO_OWNER = 3_000

Step = Callable[[], Awaitable[str]]


def expect(holds: bool, sentence: str) -> None:
    """Raises `CheckFailed` with `sentence` unless `holds`."""
    if not holds:
        raise CheckFailed(sentence)


@dataclass(slots=True)
class Story:
    """What the steps share: the three nodes, the film, and where files go."""

    folder: Path
    film_file: Path
    ratings: Path | None
    creator: Player
    host: Player
    viewer: Player
    film: dict[str, Any] = field(default_factory=dict)
    rating: str = ""
    stars: dict[str, int] = field(default_factory=dict)

    @property
    def players(self) -> tuple[Player, Player, Player]:
        """The three nodes."""
        return self.creator, self.host, self.viewer

    @property
    def steps(self) -> dict[str, Step]:
        """The steps by name, in order."""
        return {
            "publish": self.publish,
            "replicate": self.replicate,
            "play": self.play,
            "rate": self.rate,
            "recommend": self.recommend,
            "audit": self.audit,
        }

    async def publish(self) -> str:
        """A film goes in; its title, a licence and the royalties are on the ledger."""
        await self.creator.start()
        address = self.creator.told["p2p"][0]
        await asyncio.gather(self.host.start(address), self.viewer.start(address))
        co_owner = (await self.viewer.get("/api/account"))["address"]
        wanted = {
            "path": str(self.film_file),
            "name": "The Tide Clock",
            "year": 2026,
            "owners": [{"holder": co_owner, "shares": CO_OWNER}],
        }
        self.film, _ = await self.creator.publish(wanted)
        offer = await self.creator.post(
            "/api/offers", {"film": self.film["film"], "price": str(PRICE), "medium": "cinema", "days": 30}
        )
        licence = await self._buy_for_a_cinema(offer["offer"])
        await self.host.post("/api/payments", {"film": self.film["film"], "amount": str(PAYMENT), "memo": "ticket"})
        paid = await self._withdraw((await self.creator.get("/api/account"))["address"], co_owner)
        return (
            f"film {self.film['film'][-8:]} in {self.film['blocks']} blocks as {', '.join(self.film['renditions'])}; "
            f"title {self.film['title']['title'][:10]}… 70/30 in block {self.film['title']['block']}; "
            f"cinema licence in block {licence['block']}; {paid[0]} + {paid[1]} withdrawn of {PRICE + PAYMENT}"
        )

    async def _buy_for_a_cinema(self, offer: str) -> dict[str, Any]:
        """The host's account buys for its cinema, through the ledger read over libp2p."""
        await until(lambda: _has(self.host, f"/api/records/{offer}"), "the offer at the host's node")
        await self.host.post("/api/account/credits")
        bought: dict[str, Any] = await self.host.post("/api/licences", {"offer": offer})
        return bought

    async def _withdraw(self, owner: str, co_owner: str) -> tuple[int, int]:
        """Royalties of both holders; their sum is what was paid and their parts are 70 and 30 of 100."""
        amounts = []
        for holder in (owner, co_owner):
            done = await self.creator.post("/api/withdrawals", {"film": self.film["film"], "holder": holder})
            amounts.append(int(done["amount"]))
        shares = (WHOLE - CO_OWNER, CO_OWNER)
        expected = [(PRICE + PAYMENT) * share // WHOLE for share in shares]
        expect(amounts == expected, f"found royalties of {amounts}, expected {expected}")
        return amounts[0], amounts[1]

    async def replicate(self) -> str:
        """The host got every record, verified, and holds every block."""
        counts = await until(self._equal_counts, "equal numbers of records at creator and host")
        held = await until(self._host_holds, "the whole film at the host", 60.0)
        expect(
            held["blocks"] == self.film["blocks"],
            f"found {held['blocks']} blocks in the host's version record, expected {self.film['blocks']}",
        )
        peers = await self.host.get("/api/peers")
        refused = sum(sum(peer.get("refused", {}).values()) for peer in peers)
        expect(refused == 0, f"found {refused} records refused, expected none")
        return (
            f"{counts} records at the host, each verified; {held['blocks']} blocks, {held['size_bytes']:,} bytes held"
        )

    async def _equal_counts(self) -> int | None:
        counts = [(await player.get("/api/status"))["records"] for player in (self.creator, self.host)]
        return counts[0] if counts[0] == counts[1] else None

    async def _host_holds(self) -> dict[str, Any] | None:
        films = await self.host.get("/api/films")
        held = [version for film in films if film["id"] == self.film["film"] for version in film["versions"]]
        return next((version for version in held if version["held"]), None)

    async def play(self) -> str:
        """The light client plays from the host while the creator is away."""
        await self.creator.stop()
        code, out, err = await run_client(
            "play", self.film["film"], "--node", self.host.told["page"], "--frames", "--json", folder=self.folder
        )
        expect(code == 0, f"the light client ended with {code}: {err.decode()[-300:]}")
        told = json.loads(out.splitlines()[-1])
        frames = told["frames"]
        expect(bool(frames["first"] and frames["last"]), f"found frames {frames}, expected the first and the last")
        await self.creator.start()
        return (
            f"{told['segments']} segments, {told['blocks']} blocks verified from the host alone; "
            f"first and last frame decoded at {frames['first']['width']}x{frames['first']['height']}; creator back"
        )

    async def rate(self) -> str:
        """Signed ratings of the viewer and of a crowd reach all nodes; the viewer's node anchors its root."""
        film = self.film["film"]
        stars = crowd.movielens(self.ratings, SEED, film) if self.ratings else crowd.invented(SEED, film)
        authors = list(crowd.sign(stars, SEED, time.time_ns() // 1_000_000))
        packed = dagcbor.encode([[record.block, body] for pairs in authors for record, body in pairs])
        kind = "application/vnd.ipld.dag-cbor"
        taken = json.loads(await self.viewer.read("POST", "/api/records", packed, kind))
        expect(not taken["refused"] and not taken["waiting"], f"found records refused or waiting: {taken}")
        own = [(film, 9), *((work, 8 + place % 3) for place, work in enumerate(self._own_works(stars)))]
        self.stars = dict(own)
        self.rating = (await self.viewer.post("/api/ratings", {"ratings": own}))["record"]
        for player in self.players:
            await until(
                lambda player=player: _has(player, f"/api/records/{self.rating}"), f"the rating at {player.name}"
            )
            await until(
                lambda player=player: self._counts_all(player, len([one for one in stars if film in one]) + 1),
                f"every rating of the film at {player.name}",
                60.0,
            )
        anchored = await self.viewer.post("/api/anchors")
        return (
            f"{len(authors)} authors' and the viewer's ratings on all nodes; "
            f"root over {anchored['size']} records anchored in block {anchored['block']}"
        )

    def _own_works(self, stars: list[crowd.Stars]) -> list[str]:
        """Works for the viewer to like: of one taste, or what the first person of the folder liked."""
        if self.ratings is None:
            return crowd.liked_works()
        return sorted((work for work in stars[0] if work.startswith("movielens:")), key=lambda w: (-stars[0][w], w))[:4]

    async def _counts_all(self, player: Player, expected: int) -> bool:
        films = await player.get("/api/films")
        return any(film["id"] == self.film["film"] and film["scores"]["viewers"]["count"] == expected for film in films)

    async def recommend(self) -> str:
        """The viewer's node ranks from the replicated graph; causes add up to scores and open to records."""
        found = await self.viewer.get("/api/recommendations?limit=10&fit=true")
        again = await self.viewer.get("/api/recommendations?limit=10")
        expect(found == again, "found another list the second time, expected the same bit for bit")
        by_taste = [film for film in found["films"] if film["by"] == "taste"]
        expect(bool(by_taste), f"found {len(found['films'])} recommendations, none by taste, expected some")
        for film in by_taste:
            total = sum(cause["adds"] for cause in film["evidence"])
            expect(total == film["score"], f"found causes adding {total} to {film['film']}, expected {film['score']}")
            for cause in film["evidence"]:
                expect(
                    cause["record"] == self.rating, f"found the cause {cause['record']}, expected the viewer's rating"
                )
                expect(
                    self.stars.get(cause["film"]) == cause["stars"], f"found {cause}, expected the viewer's own stars"
                )
        viewers = [viewer for film in by_taste for cause in film["evidence"] for viewer in cause["viewers"]]
        for viewer in viewers[:5]:
            expect(bool(await _has(self.viewer, f"/api/records/{viewer['of_this']}")), f"no record {viewer['of_this']}")
        best = by_taste[0]
        return (
            f"{len(by_taste)} by taste from {found['fitted_on']} ratings; first {best['film']}, score {best['score']} "
            f"= the sum of {len(best['evidence'])} own ratings; {best['evidence'][0]['liked_both']} others liked both"
        )

    async def audit(self) -> str:
        """The bundle holds offline, a witness saw its block; with any byte changed it does not hold."""
        path = self.folder / "film.audit.car"
        report = await until(lambda: self._witnessed_bundle(path), "a witness of the ledger's newest block", 60.0)
        bundle = path.read_bytes()
        broken = [line["check"] for line in report["lines"] if not line["ok"]]
        expect(report["ok"] and not broken, f"found checks that do not hold: {broken}")
        places = [len(bundle) * (2 * place + 1) // (2 * CHANGED_BYTES) for place in range(CHANGED_BYTES)]
        turns = asyncio.Semaphore(2)
        wheres = await asyncio.gather(*(self._tamper(bundle, place, turns) for place in places))
        return (
            f"{len(report['lines'])} checks held offline on {len(bundle):,} bytes; {report['basis'][1]}; "
            f"one byte changed at {len(places)} places: refused {len(wheres)} times, e.g. {wheres[0]}"
        )

    async def _witnessed_bundle(self, path: Path) -> dict[str, Any] | None:
        """The report of a bundle whose block a node that executed it has signed; None while there is none."""
        author = (await self.viewer.get("/api/status"))["author"]
        wanted = json.dumps({"film": self.film["film"], "raters": [author]}).encode()
        path.write_bytes(await self.viewer.read("POST", "/api/audits", wanted))
        code, out, err = await run_client("audit", str(path), "--json", offline=True, folder=self.folder)
        expect(code == 0, f"the audit ended with {code}: {(out or err).decode()[-600:]}")
        report: dict[str, Any] = json.loads(out)
        return report if any("signed that they saw this block" in basis for basis in report["basis"]) else None

    async def _tamper(self, bundle: bytes, place: int, turns: asyncio.Semaphore) -> str:
        """Changes one byte of a copy; returns the sentence that says where, or raises."""
        async with turns:
            path = self.folder / f"changed-{place}.car"
            path.write_bytes(bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :])
            code, out, _ = await run_client("audit", str(path), "--json", offline=True, folder=self.folder)
            path.unlink()
        expect(code == 1, f"found exit code {code} with byte {place} changed, expected 1")
        failed = [line for line in json.loads(out)["lines"] if not line["ok"]]
        expect(bool(failed), f"found no failing line with byte {place} changed, expected one that says where")
        return f"{failed[0]['check']}: {failed[0]['found']}"


async def _has(player: Player, path: str) -> bool:
    from cinepeer.errors import BadInput

    try:
        return bool(await player.read("GET", path))
    except BadInput:
        return False
