"""The contract set on a chain in memory, deployed once; every test begins from there and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import boa
import pytest

from contract.actors import token
from contract.people import ADA, BEN, EVE, EVIDENCE
from contract.stage import BOND, ZERO, Stage
from contract.words import deed


@pytest.fixture(scope="session")
def _machine() -> None:
    boa.env.enable_fast_mode()


@pytest.fixture(scope="session")
def deployed(_machine: None) -> Stage:
    """The set with the native currency alone."""
    return Stage()


@pytest.fixture(scope="session")
def deployed_with_token(_machine: None) -> tuple[Stage, object]:
    """The set with one more currency, and the currency."""
    coin = token()
    return Stage(tokens=(ZERO, str(coin.address).lower(), ZERO)), coin


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """The set as it was just deployed."""
    with boa.env.anchor():
        deployed.logs.clear()
        yield deployed


@pytest.fixture
def market(deployed_with_token: tuple[Stage, object]) -> Iterator[tuple[Stage, object]]:
    """The set with one more currency as it was just deployed, and the currency."""
    with boa.env.anchor():
        deployed_with_token[0].logs.clear()
        yield deployed_with_token


@pytest.fixture
def title(stage: Stage) -> int:
    """A film of Ada's, held 70/30 with Ben."""
    return stage.titles.register(deed(ADA, [(ADA, 7000), (BEN, 3000)]), b"", sender=ADA)


@pytest.fixture
def case(stage: Stage, title: int) -> int:
    """A notice of Eve's about that film."""
    return stage.disputes.notice(title, 3, EVIDENCE, sender=EVE, value=BOND)
