"""Whatever happens to titles in whatever order, the fold of the log is what the contracts hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.rights import abi
from cinepeer.rights.deeds import NATIVE, Deed, call, pay_call, register_call, sign_deed, title_number, withdraw_call
from cinepeer.rights.royalties import claimable
from cinepeer.rights.signatures import address_of
from cinepeer.rights.slots import title_slot
from unit.rights.scene import CINEMA, CREATOR, PARTNER, RELAYER, Chain

KEYS = (CREATOR, PARTNER, CINEMA, RELAYER)
PEOPLE = tuple(address_of(key) for key in KEYS)

people = st.integers(0, 3)
amounts = st.integers(1, 10**18)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), people, st.integers(0, 1), amounts),
        st.tuples(st.just("move"), people, st.integers(0, 1), st.tuples(people, st.integers(1, 4000))),
        st.tuples(st.just("withdraw"), people, st.integers(0, 1), st.just(0)),
        st.tuples(st.just("withdraw to the first title"), people, st.just(1), st.just(0)),
    ),
    max_size=14,
)
splits = st.lists(st.integers(1, 3000), min_size=3, max_size=3).map(lambda part: (*part, 10_000 - sum(part)))


def register(chain: Chain, content: bytes, holders: tuple[bytes, ...], shares: tuple[int, ...]) -> bytes:
    deed = Deed(PEOPLE[0], content, b"\2" * 32, b"\3" * 32, 500, 2**40, holders, shares)
    signature = sign_deed(CREATOR, deed, chain.contracts)
    receipt = chain.send(RELAYER, chain.contracts.titles, register_call(deed, signature))
    return bytes.fromhex(receipt["logs"][0]["topics"][1][2:])[12:]


def take(chain: Chain, titles: list[bytes], step: tuple) -> None:
    """One step, left out where the contract would refuse it."""
    name, who, which, more = step
    title, registry, state = titles[which], chain.contracts.titles, chain.state().titles[titles[which]]
    if name == "pay":
        chain.send(KEYS[who], registry, pay_call(title, b"\1" * 32), more)
    elif name == "move":
        to, amount = more
        if state.shares.get(PEOPLE[who], 0) >= amount:
            kinds = ["address", "address", "uint256", "uint256", "bytes"]
            values = [PEOPLE[who], PEOPLE[to], title_number(title), amount, b""]
            chain.send(KEYS[who], registry, call("safeTransferFrom", kinds, values))
    else:
        holder = PEOPLE[who] if name == "withdraw" else titles[0]
        if claimable(state, holder):
            chain.send(KEYS[who], registry, withdraw_call(title, holder))


def check(chain: Chain, title: bytes, others: list[bytes]) -> None:
    found = chain.state().titles[title]
    registry = chain.contracts.titles
    words = chain.view(registry, call("titles", ["uint256"], [title_number(title)]))
    assert abi.decode(["address", "uint40", "uint16", "uint8", "uint32", "bytes32", "bytes32"], words)[5] == found.head
    stored = chain.ask("eth_getStorageAt", "0x" + registry.hex(), hex(title_slot(title) + 1), "latest")
    assert bytes.fromhex(stored[2:]) == found.head
    assert sum(found.shares.values()) == 10_000
    paid = found.purses.get(NATIVE)
    kinds = ["uint256", "address"]
    purse = abi.decode(
        ["uint128", "uint128"], chain.view(registry, call("purses", kinds, [title_number(title), NATIVE]))
    )
    assert purse == ([paid.paid_in, paid.paid_out] if paid else [0, 0])
    due = 0
    for holder in (*PEOPLE, *others):
        held = chain.view(registry, call("balanceOf", ["address", "uint256"], [holder, title_number(title)]))
        assert int.from_bytes(held, "big") == found.shares.get(holder, 0)
        values = [title_number(title), NATIVE, holder]
        owed = int.from_bytes(chain.view(registry, call("claimable", ["uint256", "address", "address"], values)), "big")
        assert owed == claimable(found, holder)
        due += owed
    left = purse[0] - purse[1]
    assert left - len(found.shares) < due <= left


@given(splits, splits, steps)
@settings(max_examples=20)
def test_the_fold_is_what_the_contracts_hold(first, second, story):
    chain = Chain()
    titles = [register(chain, b"\1" * 32, PEOPLE, first)]
    titles.append(register(chain, b"\4" * 32, (*PEOPLE[:3], titles[0]), second))
    for step in story:
        take(chain, titles, step)
    for title in titles:
        check(chain, title, titles)
