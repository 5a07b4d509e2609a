"""What a bitswap peer is answered: blocks, or the word that they are here or not, until a message is full."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cinepeer.content.bitswap import MAX_WANTS, Message, Want, frame
from cinepeer.ports import BlockSource
from cinepeer.records.cid import Cid


@dataclass(frozen=True, slots=True)
class Answer:
    """One message for a peer with its length before it, and how many blocks and bytes of blocks are in it."""

    data: bytes
    blocks: int
    bytes: int


def next_answer(
    source: BlockSource,
    allow: Callable[[str, Cid], bool],
    peer: str,
    wants: OrderedDict[bytes, Want],
    piece_bytes: int,
) -> Answer | None:
    """Takes `wants` of a peer until blocks of `piece_bytes` are in a message; None when there is nothing to say.

    Reads blocks, so it runs in a thread; the loop may add and cancel wants meanwhile.
    """
    message, keys, size = Message(), {}, 0
    while size < piece_bytes and len(message.haves) + len(message.dont_haves) < MAX_WANTS:
        try:
            _, want = wants.popitem(last=False)
        except KeyError:
            break
        cid = want.cid
        is_given = cid is not None and allow(peer, cid)
        block = source.get(cid) if cid is not None and is_given and not want.wants_have else None
        if cid is not None and block is not None:
            message.blocks.append((cid, block))
            keys[cid] = want.key
            size += len(block)
        elif cid is not None and is_given and want.wants_have and source.has(cid):
            message.haves.append(want.key)
        elif want.send_dont_have:
            message.dont_haves.append(want.key)
    return None if message.is_empty else Answer(frame(message, keys), len(message.blocks), size)
