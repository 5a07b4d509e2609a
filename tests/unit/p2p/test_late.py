"""Parts of libp2p that are loaded when they are used: nothing of them before, all of them then."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cinepeer.adapters.p2p.late import POSTPONED, postpone

MODULE = '''
"""Stands for a part that is hardly ever used."""
class Heavy:
    size = 7
    def __init__(self, name="none"):
        self.name = name
def weigh(one, *, twice=False):
    return len(one.name) * (2 if twice else 1)
'''
# What those parts alone bring along.
HEAVY = (
    "aioquic",
    "cbor2",
    "httpx",
    "prometheus_client",
    "requests",
    "rich",
    "trio_websocket",
    "websockets",
    "zeroconf",
)


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that is stood in for."""
    (tmp_path / "heavy_part.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    postpone(("heavy_part",))
    yield "heavy_part"
    sys.modules.pop("heavy_part", None)


def test_importing_names_loads_nothing(late: str) -> None:
    from heavy_part import Heavy, weigh  # type: ignore[import-not-found]

    given: Heavy | None = None
    assert not isinstance(given, Heavy)
    assert not isinstance("text", (int, weigh.__class__, Heavy))
    assert "__file__" not in vars(sys.modules[late])


def test_a_call_loads_it_and_what_was_imported_before_is_the_real_thing(late: str) -> None:
    from heavy_part import Heavy, weigh

    one = Heavy("three")
    assert sys.modules[late].__file__
    assert isinstance(one, Heavy)
    assert not isinstance("text", Heavy)
    assert weigh(one, twice=True) == 10
    assert sys.modules[late].Heavy is type(one)


def test_what_stands_in_a_class_is_found(late: str) -> None:
    from heavy_part import Heavy

    assert Heavy.size == 7
    with pytest.raises(AttributeError):
        _ = Heavy.weight


def test_a_class_may_be_made_of_one(late: str) -> None:
    from heavy_part import Heavy

    class Heavier(Heavy):  # type: ignore[misc]
        pass

    assert Heavier("stone").name == "stone"
    assert issubclass(Heavier, sys.modules[late].Heavy)


def test_an_object_may_be_made_late_as_well(late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinepeer.adapters.p2p.late.MADE_LATE", {(late, "Heavy")})
    from heavy_part import Heavy

    one = Heavy(name="five")
    assert "__file__" not in vars(sys.modules[late])
    assert one.name == "five"
    assert sys.modules[late].__file__
    with pytest.raises(AttributeError, match="weight"):
        _ = one.weight


def test_a_name_that_is_not_there_is_missed_when_it_is_used(late: str) -> None:
    from heavy_part import lighter

    with pytest.raises(AttributeError, match="lighter"):
        lighter()


def test_what_is_loaded_already_is_left_alone() -> None:
    before = sys.modules["json"]
    postpone(("json",))
    assert sys.modules["json"] is before


def test_a_node_loads_none_of_them_and_libp2p_takes_only_classes_and_functions_from_each() -> None:
    script = f"""
import importlib, inspect, json, sys
from cinepeer.adapters.p2p import late
late.postpone()
taken = set()
look = late._Later.__getattr__
def note(module, name):
    found = look(module, name)
    taken.add((module.__name__, name))
    return found
late._Later.__getattr__ = note
from cinepeer.adapters.p2p.host import make_host
from cinepeer.adapters.p2p.plan import Plan
make_host(Plan(bytes(32), ("/ip4/127.0.0.1/tcp/0",)))
heavy = [name for name in {HEAVY!r} if name in sys.modules]
late._Later.__getattr__ = look
wrong = []
for module, name in sorted(taken):
    real = getattr(late._loaded(module), name)
    if not callable(real) or inspect.isclass(real) and issubclass(real, BaseException):
        wrong.append(f"{{module}}.{{name}}")
print(json.dumps([heavy, wrong, sorted({{module for module, _ in taken}})]))
"""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    heavy, wrong, modules = json.loads(ran.stdout)
    assert heavy == []
    assert wrong == []
    assert modules == sorted(POSTPONED)
