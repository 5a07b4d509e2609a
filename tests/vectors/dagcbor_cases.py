"""DAG-CBOR: values with their one encoding, and bytes that every decoder must refuse, each with the reason in words."""

from __future__ import annotations

from typing import Any

from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import MAX_DEPTH, Value, encode

LINK = Cid.of(b"a block", DAG_CBOR)


def _nested(depth: int) -> Value:
    value: Value = []
    for _ in range(depth - 1):
        value = [value]
    return value


VALUES: dict[str, Value] = {
    "null": None,
    "false": False,
    "true": True,
    **{
        f"integer {number}": number
        for number in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, 2**53)
    },
    "greatest integer": 2**64 - 1,
    **{f"integer {number}": number for number in (-1, -24, -25, -256, -257, -65536, -65537, -(2**32), -(2**32) - 1)},
    "least integer": -(2**64),
    **{f"float {number}": number for number in (0.0, 1.0, 1.5, -1e308, 5e-324)},
    "no text": "",
    "text": "film",
    "text in several scripts": "Der Ölprinz · 七人の侍 · Κυνόδοντας · 🎬",
    "text of 24 bytes": "x" * 24,
    "text of 256 bytes": "x" * 256,
    "text with a null": "a\0b",
    "no bytes": b"",
    "bytes": b"\0\1\2\xff",
    "bytes that look like a link": bytes(LINK),
    "no list": [],
    "list": [1, "two", b"3", None, [True]],
    "list of 24": list(range(24)),
    "no map": {},
    "map in order of length, then bytes": {"b": 1, "a": 2, "aa": 3, "": 4, "ab": 5, "é": 6, "z": 7},
    "map with a key of 24 bytes": {"k" * 24: 1, "z": 2},
    "link to DAG-CBOR": LINK,
    "link to raw bytes": Cid.of(b"", RAW),
    "link to DAG-PB": Cid.of(b"", DAG_PB),
    "links in a map": {"a": [LINK, None], "link": LINK},
    "as deep as it goes": _nested(MAX_DEPTH),
}

_link = encode(LINK)
REFUSED: dict[str, str] = {
    "": "no bytes at all",
    "1817": "23 in two bytes",
    "1900ff": "255 in three bytes",
    "1a0000ffff": "65535 in five bytes",
    "1b00000000ffffffff": "2^32 - 1 in nine bytes",
    "3817": "-24 in two bytes",
    "5817" + "00" * 23: "a length of 23 in two bytes",
    "7800": "a length of 0 in two bytes",
    "9800": "a list's length of 0 in two bytes",
    "b800": "a map's length of 0 in two bytes",
    "1c": "a reserved length form",
    "1f": "an integer of indefinite length",
    "5f4100ff": "bytes of indefinite length",
    "7f6161ff": "text of indefinite length",
    "9f01ff": "a list of indefinite length",
    "bf616101ff": "a map of indefinite length",
    "ff": "a break",
    "a2616201616102": "keys out of order",
    "a262616101616202": "a longer key before a shorter one",
    "a2616101616102": "a key twice",
    "a10001": "a key that is an integer",
    "a1416101": "a key that is bytes",
    "a1f601": "a key that is null",
    "a17f6161ff01": "a key of indefinite length",
    "a178016101": "a key whose length is not minimal",
    "a161ff01": "a key that is not UTF-8",
    "f7": "undefined",
    "e0": "an unassigned simple value",
    "f818": "a simple value in two bytes",
    "f814": "false in two bytes",
    "f93c00": "1.0 in 16 bits",
    "fa3f800000": "1.0 in 32 bits",
    "fb7ff8000000000000": "not a number",
    "fb7ff0000000000000": "infinity",
    "fbfff0000000000000": "minus infinity",
    "fb8000000000000000": "minus zero",
    "fb3ff00000000000": "a float cut short",
    "c11a514b67b0": "a tag other than 42",
    "c249010000000000000000": "a big number",
    "d82a" + "00": "a link that is an integer",
    "d82a" + "40": "a link of no bytes",
    "d82a" + "582501" + LINK.hex(): "a link with another prefix than 0x00",
    "d82a" + "5824" + LINK.hex(): "a link without its prefix",
    "d82a" + "58230012" + "20" + LINK.digest.hex(): "a link to a CIDv0",
    "d82a" + "582500" + "0171" + "1320" + LINK.digest.hex(): "a link with sha2-512",
    "d82a" + "582500" + "0170" + "1b20" + LINK.digest.hex(): "a link with keccak-256",
    "d82a" + "582500" + "0172" + "1220" + LINK.digest.hex(): "a link of another codec",
    "d82a" + "582500" + "0271" + "1220" + LINK.digest.hex(): "a link of another version",
    "d82a" + "582600" + LINK.hex() + "00": "a link with a byte too many",
    "d82a" + "59002500" + LINK.hex(): "a link whose length is not minimal",
    "d9002a" + "582500" + LINK.hex(): "a tag that is not minimal",
    "d82a" + "7825" + "00" * 37: "a link that is text",
    "d82a" + _link.hex(): "a link in a link",
    _link[:-1].hex(): "a link cut short",
    "d82a": "a tag without a value",
    "0000": "a byte after the value",
    "f6f6": "two values",
    "18": "an integer cut short",
    "44010203": "bytes cut short",
    "64616263": "text cut short",
    "820102"[:4]: "a list cut short",
    "a16161": "a map cut short",
    "5bffffffffffffffff": "bytes of 2^64 - 1",
    "7bffffffffffffffff": "text of 2^64 - 1 bytes",
    "9bffffffffffffffff": "a list of 2^64 - 1",
    "bbffffffffffffffff": "a map of 2^64 - 1",
    "61ff": "text that is not UTF-8",
    "62c080": "a null in an overlong form",
    "63eda080": "half a surrogate pair",
    "64f4908080": "a sign beyond Unicode",
    "81" * MAX_DEPTH + "80": "one list too deep",
    "a16161" * MAX_DEPTH + "80": "a list in too many maps",
    "81" * 100_000: "lists without end",
}


def dagcbor() -> dict[str, Any]:
    """What is taken, with what it is in words, and what is refused, with why."""
    return {
        "valid": [
            {"hex": encode(value).hex(), "value": in_words(value), "name": name} for name, value in VALUES.items()
        ],
        "refused": [{"hex": _short(data), "why": why} for data, why in REFUSED.items()],
    }


def _short(data: str) -> str:
    """Very long input as "PART*TIMES"."""
    return data if len(data) < 10_000 else f"{data[:2]}*{len(data) // 2}"


def in_words(value: Value) -> Any:
    """A value as JSON can say it: one key names the type."""
    if isinstance(value, Cid):
        return {"link": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return {"integer": str(value)}
    if isinstance(value, list):
        return [in_words(item) for item in value]
    if isinstance(value, dict):
        return {"map": [[key, in_words(item)] for key, item in value.items()]}
    return value


REFUSED_CIDS: dict[str, str] = {
    "": "no text",
    "b": "nothing after the multibase prefix",
    str(LINK).upper(): "capital letters",
    "B" + str(LINK)[1:].upper(): "another multibase prefix",
    "z" + str(LINK)[1:]: "base58",
    str(LINK)[1:]: "no multibase prefix",
    str(LINK) + "a": "a letter too many",
    str(LINK)[:-1]: "a letter too few",
    str(LINK)[:-1] + "b": "bits set beyond the last byte",
    str(LINK) + "=": "padding",
    " " + str(LINK): "a space before",
    str(LINK) + "\n": "a line end after",
    str(LINK)[:10] + "1" + str(LINK)[11:]: "a sign outside of base32",
    "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG": "a CIDv0",
    "bafkqabtimvwgy3yk": "the identity hash",
    "baf2bkqaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "another codec",
    "bafyreıdykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae": "a letter without its dot",
}


def cids() -> dict[str, Any]:
    """Blocks with their ids, and text that is no id of ours."""
    blocks = {
        b"": RAW,
        b"\0": RAW,
        b"hello": RAW,
        b"\x0a\0": DAG_PB,
        b"\xa0": DAG_CBOR,
        encode({"film": LINK}): DAG_CBOR,
    }
    return {
        "valid": [
            {
                "block": block.hex(),
                "codec": codec,
                "bytes": Cid.of(block, codec).hex(),
                "text": str(Cid.of(block, codec)),
            }
            for block, codec in blocks.items()
        ],
        "refused": [{"text": text, "why": why} for text, why in REFUSED_CIDS.items()],
    }
