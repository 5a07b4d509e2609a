"""Where a licence holds: one bit for each code of ISO 3166-1 alpha-2, all ones for the world."""

from __future__ import annotations

from collections.abc import Iterable

from cinepeer.errors import BadInput

# Frozen: a code's place is its bit in licences that were sold. A new code is added at the end, whatever its letters.
_TABLE = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
CODES: tuple[str, ...] = tuple(_TABLE.split())

WORLD = (1 << 256) - 1
"""Every territory, those not yet in the table included."""

_BITS = {code: 1 << at for at, code in enumerate(CODES)}


def territory_bit(code: str) -> int:
    """The bit of one ISO 3166-1 alpha-2 code; raises `BadInput` for any other text."""
    bit = _BITS.get(code)
    if bit is None:
        raise BadInput(f"found the territory {code!r}, expected a two-letter code of ISO 3166-1 such as FR")
    return bit


def territory_map(codes: Iterable[str] | None) -> int:
    """The map of several codes, of the world for None; raises `BadInput`."""
    if codes is None:
        return WORLD
    bits = 0
    for code in codes:
        bits |= territory_bit(code)
    return bits


def territory_codes(bits: int) -> list[str] | None:
    """The codes of a map in the table's order, None for the world; bits beyond the table are left out."""
    if bits == WORLD:
        return None
    return [code for code, bit in _BITS.items() if bits & bit]
