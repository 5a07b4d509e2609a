"""A viewer's own stars, public and private, by the one name of each film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cinepeer.app.taste import Private
from cinepeer.records.cid import Cid
from cinepeer.trust.joined import JoinedRatings


@dataclass(frozen=True, slots=True)
class History:
    """Own stars by film, and when they were given (ms), where that is known of all.

    Films stand under their one name; `others`: the other id under which a rating was given, where it was.
    """

    stars: Mapping[str, int]
    times: Mapping[str, int] | None
    records: Mapping[str, Cid]
    others: Mapping[str, str]


def history_of(ratings: JoinedRatings, author: Cid, private: Mapping[str, Private]) -> History:
    """The author's counted stars, and of films of which they said nothing in public the private ones.

    Of private ones under several ids of a film the newest holds.
    """
    stars: dict[str, int] = {}
    times: dict[str, int | None] = {}
    given_as: dict[str, str] = {}
    for film, kept in sorted(private.items(), key=lambda one: (one[1].time or 0, one[0])):
        name = ratings.name(film)
        stars[name], times[name], given_as[name] = kept.stars, kept.time, film
    records: dict[str, Cid] = {}
    for name, said in ratings.stars_of(author).items():
        told = ratings.told(author, name)
        assert told is not None, "stars that stand have their word"
        film, given = told
        stars[name], times[name], records[name], given_as[name] = said, given.time, given.record, film
    known = {film: time for film, time in times.items() if time is not None}
    others = {name: film for name, film in given_as.items() if name != film}
    return History(stars, known if len(known) == len(stars) else None, records, others)
