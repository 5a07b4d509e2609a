"""A fit by other kernels and threads gives a model within the stated ε of the first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cinepeer.recommend.receipt import Entry, read_receipt, state, write_receipt
from cinepeer.recommend.refit import refitted
from cinepeer.recommend.replay import is_held
from cinepeer.recommend.served import ServedModel, load
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.keys import public_key

FILMS, AUTHORS = 90, 240
SEED = bytes(range(32))
CHILD = """
import sys
import numpy as np
from unit.recommend.test_refit_kernels import fitted
from cinepeer.recommend.served import save
sys.stdout.buffer.write(save(fitted()))
"""


def fitted() -> ServedModel:
    """The served model of a crowd, its shares tried."""
    from cinepeer.recommend.distilled import fit_served
    from vectors.fit_cases import crowd

    return fit_served(*crowd(4, FILMS, AUTHORS, 0.3, 2), max_next=FILMS, tries=100)


def elsewhere(kernel: str, threads: str) -> bytes:
    """The model's bytes as a process with these kernels fits it."""
    told = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=os.environ | told, capture_output=True, timeout=120, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def first() -> bytes:
    return elsewhere("Prescott", "1")


@pytest.mark.parametrize(("kernel", "threads"), [("Nehalem", "1"), ("Haswell", "2")])
def test_another_kernel_fits_a_model_within_epsilon_whose_list_differs_by_ties_alone(
    first: bytes, kernel: str, threads: str
) -> None:
    model = load(first)
    assert sum(model.shares) == 100
    entries = tuple(Entry(model.films[number], 9 - number % 5, 1_000 + number, None, bytes(16)) for number in range(20))
    told = state(model, first, entries, Wishes(), {}, limit=20, author=None, device=public_key(SEED), origin=None)
    receipt = read_receipt(write_receipt(told, SEED, first, entries))
    again = load(elsewhere(kernel, threads))
    assert again.shares == model.shares
    findings = refitted(receipt, entries, again)
    assert is_held(findings) is True, findings
