"""The machine's trie beside the one of the `trie` package: the same values, the same roots, after any changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from cinepeer.adapters.chain.trie import Trie

# Few nibbles, so that paths are shared, split and joined again; short values, so that nodes lie in their parent.
_KEYS = st.integers(1, 4).flatmap(
    lambda size: st.lists(
        st.lists(st.sampled_from([0, 1, 16, 17]), min_size=size, max_size=size).map(bytes), min_size=1, max_size=10
    )
)
_VALUES = st.sampled_from([b"", b"\x01", b"\x80", b"seven b", b"v" * 31, b"w" * 32, b"x" * 60])


@given(_KEYS, st.data())
def test_any_changes_give_the_root_and_the_values_of_the_other_trie(keys: list[bytes], data: st.DataObject) -> None:
    written: dict[bytes, bytes] = {}
    own, other = Trie(written), HexaryTrie({})
    steps = st.tuples(st.sampled_from(keys), _VALUES, st.booleans())
    for key, value, is_read in data.draw(st.lists(steps, max_size=30)):
        if value:
            own[key] = other[key] = value
        else:
            del own[key]
            del other[key]
        if is_read:
            assert own.root_hash == other.root_hash
            own = Trie(written, own.root_hash)
    assert own.root_hash == other.root_hash
    again = HexaryTrie(written, own.root_hash)
    assert [own[key] for key in keys] == [other[key] for key in keys] == [again[key] for key in keys]
    assert [key in own for key in keys] == [key in other for key in keys]
