"""The fit is the one that its number names: other weights for the same ratings are another number."""

from __future__ import annotations

import json

from cinepeer.recommend.receipt import read_receipt, state, write_receipt
from cinepeer.recommend.refit import refitted
from cinepeer.recommend.served import FIT, load
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.keys import public_key
from vectors.fit_cases import FILE, fitted

SEED = bytes(range(32))


def test_the_frozen_fit_is_made_again_within_epsilon_under_its_number() -> None:
    frozen = json.loads(FILE.read_text("utf-8"))
    assert frozen["fit"] == FIT, "freeze the fit anew under its new number: python -m vectors.fit_cases"
    data = bytes.fromhex(frozen["model"])
    told = state(load(data), data, (), Wishes(), {}, limit=5, author=None, device=public_key(SEED), origin=None)
    (line,) = refitted(read_receipt(write_receipt(told, SEED, data, ())), None, fitted())
    assert line.ok is True, f"{line.found}: the same ratings give other weights, so FIT needs another number"
