"""A licence offer as one plain text, in English or Chinese, and back: what was read is what is signed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.rights.deeds import NATIVE, WHOLE, Offer
from cinepeer.rights.licences import FOREVER, medium_bit, medium_names
from cinepeer.rights.territories import WORLD, territory_bit, territory_codes

LANGUAGES = ("en", "zh")
DAY_S = 86_400
_LAST_DATE = 253_402_300_799

_MEDIA_ZH = {
    "cinema": "影院", "television": "电视", "streaming": "流媒体", "rental": "租赁", "download": "下载", "disc": "光盘",
    "education": "教育", "festival": "电影节", "transport": "交通工具", "venue": "公共场所", "remix": "改编",
}  # fmt: skip


@dataclass(slots=True)
class Reader:
    """A text that is read from its beginning; what does not fit is named by its word."""

    text: str
    at: int = 0

    def found(self) -> str:
        """The word at this place."""
        return re.match(r"\S*", self.text[self.at :].lstrip()).group()[:40] or "the end"  # type: ignore[union-attr]

    def refuse(self, expected: str) -> BadInput:
        """What to raise for the word at this place."""
        return BadInput(
            f"found {self.found()!r} after {self.text[max(0, self.at - 30) : self.at]!r}, expected {expected}"
        )

    def take(self, phrase: str) -> None:
        """Passes over `phrase`; raises `BadInput` with the first word that differs."""
        if not self.text.startswith(phrase, self.at):
            while phrase and self.text[self.at : self.at + 1] == phrase[0]:
                self.at += 1
                phrase = phrase[1:]
            raise self.refuse(repr(phrase.strip()))
        self.at += len(phrase)

    def pass_alike(self, phrases: Iterable[str]) -> None:
        """Passes over the whole words that the text has in common with one of `phrases`."""
        alike = max(len(shared_begin(phrase, self.text[self.at :])) for phrase in phrases)
        self.at += self.text[self.at : self.at + alike].rfind(" ") + 1

    def match(self, pattern: str, expected: str) -> str:
        """What fits `pattern` here; raises `BadInput`."""
        fits = re.compile(pattern).match(self.text, self.at)
        if fits is None:
            raise self.refuse(expected)
        self.at = fits.end()
        return fits.group()


def shared_begin(one: str, other: str) -> str:
    """What two texts begin with alike."""
    count = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    return one[:count]


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the offer in a language: how it is written, and how it is read."""

    name: str
    write: Callable[[Any], str]
    read: Callable[[Reader], Any]


def offer_sentence(offer: Offer, language: str = "en") -> str:
    """
    The offer in words, every field of it; amounts in the smallest unit, times in UTC. Raises `BadInput` for another
    language, or an offer whose media or territories this release cannot name.
    """
    said = "".join(
        part if isinstance(part, str) else part.write(getattr(offer, part.name)) for part in _grammar(language)
    )
    if parse_sentence(said, language) != offer:
        raise BadInput("found a medium or a territory that this release has no name for, expected one it knows")
    return said


def parse_sentence(text: str, language: str = "en") -> Offer:
    """The offer that `offer_sentence` told; raises `BadInput`, naming the first word that does not belong."""
    reader = Reader(text)
    fields: dict[str, Any] = {}
    for part in _grammar(language):
        if isinstance(part, str):
            reader.take(part)
        else:
            fields[part.name] = part.read(reader)
    if reader.at != len(text):
        raise reader.refuse("the end")
    return Offer(**fields)


def _grammar(language: str) -> Sequence[str | Part]:
    if language not in LANGUAGES:
        raise BadInput(f"found the language {language!r}, expected one of {', '.join(LANGUAGES)}")
    return _ENGLISH if language == "en" else _CHINESE


# -- how fields are written and read ------------------------------------------------------------------


def _bytes(name: str, size: int) -> Part:
    pattern = f"0x[0-9a-f]{{{2 * size}}}(?![0-9a-zA-Z])"

    def read(reader: Reader) -> bytes:
        return bytes.fromhex(reader.match(pattern, f"0x and {2 * size} hexadecimal digits")[2:])

    return Part(name, lambda value: "0x" + value.hex(), read)


def _number(name: str, bits: int) -> Part:
    def read(reader: Reader) -> int:
        value = int(reader.match(r"(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})*)(?![0-9,])", "a whole number").replace(",", ""))
        if value >> bits:
            raise BadInput(f"found {value}, expected a number below 2^{bits}")
        return value

    return Part(name, lambda value: f"{value:,}", read)


def _choice(name: str, phrases: Mapping[Any, str]) -> Part:
    longest = sorted(phrases.items(), key=lambda pair: -len(pair[1]))

    def read(reader: Reader) -> Any:
        for value, phrase in longest:
            if reader.text.startswith(phrase, reader.at):
                reader.at += len(phrase)
                return value
        reader.pass_alike(phrases.values())
        raise reader.refuse(" or ".join(repr(phrase) for phrase in phrases.values()))

    return Part(name, lambda value: phrases[value], read)


def _either(name: str, special: Mapping[Any, str], other: Part, before: str = "", after: str = "") -> Part:
    """Special values by their phrase, any other between `before` and `after`."""

    def write(value: Any) -> str:
        return special[value] if value in special else before + other.write(value) + after

    def read(reader: Reader) -> Any:
        for value, phrase in special.items():
            if reader.text.startswith(phrase, reader.at):
                reader.at += len(phrase)
                return value
        reader.take(before)
        value = other.read(reader)
        if value in special:
            raise BadInput(f"found {other.write(value)!r}, expected {special[value]!r} for it")
        reader.take(after)
        return value

    return Part(name, write, read)


def _time(name: str) -> Part:
    def write(value: int) -> str:
        if value > _LAST_DATE:
            return f"@{value}"
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")

    def read(reader: Reader) -> int:
        said = reader.match(r"@[1-9][0-9]{0,12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "a time such as 2026-11-21T12:00:00Z")
        try:
            value = int(said[1:]) if said[0] == "@" else int(datetime.fromisoformat(said).timestamp())
        except ValueError as error:
            raise BadInput(f"found the time {said}, expected a real one") from error
        if not 0 <= value < 1 << 40 or write(value) != said:
            raise BadInput(f"found the time {said}, expected one as 2026-11-21T12:00:00Z from 1970 on")
        return value

    return Part(name, write, read)


def _span(name: str, day: str, second: str) -> Part:
    count = _number(name, 40)

    def write(value: int) -> str:
        return f"{value // DAY_S:,}{day}" if value % DAY_S == 0 else f"{value:,}{second}"

    def read(reader: Reader) -> int:
        value: int = count.read(reader)
        if reader.text.startswith(day, reader.at):
            reader.at += len(day)
            return value * DAY_S
        reader.take(second)
        if value % DAY_S == 0:
            raise BadInput(f"found {value}{second}, expected whole days for it")
        return value

    return Part(name, write, read)


def _media(name: str, words: Mapping[str, str], comma: str) -> Part:
    names = {word: medium for medium, word in words.items()}

    def read(reader: Reader) -> int:
        bits = 0
        for word in reader.match(rf"[^\s,，、。.]+(?:{comma}[^\s,，、。.]+)*", "a medium").split(comma):
            if word not in names:
                raise BadInput(f"found the medium {word!r}, expected one of {', '.join(names)}")
            bits |= medium_bit(names[word])
        return bits

    return Part(name, lambda value: comma.join(words[medium] for medium in medium_names(value)), read)


def _territory(name: str, world: str, comma: str) -> Part:
    def write(value: int) -> str:
        codes = territory_codes(value)
        return world if codes is None else comma.join(codes)

    def read(reader: Reader) -> int:
        if reader.text.startswith(world, reader.at):
            reader.at += len(world)
            return WORLD
        bits = 0
        for code in reader.match(rf"[A-Za-z]+(?:{comma}[A-Za-z]+)*", f"codes such as FR, or {world!r}").split(comma):
            bits |= territory_bit(code)
        return bits

    return Part(name, write, read)


def _english() -> list[str | Part]:
    media = {name: name for name in _MEDIA_ZH}
    return [
        _bytes("seller", 20), " offers ",
        _choice("exclusive", {True: "an exclusive", False: "a non-exclusive"}), " and ",
        _choice("revocable", {True: "revocable", False: "irrevocable"}), " licence of the film ", _title(), " for ",
        _media("media", media, ", "), " in ", _territory("territory", "the whole world", ", "), ". It costs ",
        _number("price", 128), " of ", _either("token", {NATIVE: "the ledger's currency"}, _bytes("token", 20)),
        ", may be taken from ", _time("opens"), _either("closes", {FOREVER: " on"}, _time("closes"), " until "),
        " and at most ", _number("supply", 32), " times. The licence begins ",
        _either("start", {0: "when it is taken"}, _time("start"), "on "), ", lasts ",
        _either("term", {0: "as long as its end lets it"}, _span("term", " days", " seconds")), " and ends ",
        _either("end", {0: "on no fixed day"}, _time("end"), "at the latest on "), ". A remix gives the film ",
        _number("remixShares", 16), f" of its {WHOLE:,} shares. ",
        _either("terms", {bytes(32): "There is no legal text"}, _bytes("terms", 32), "The legal text has the SHA-256 "),
        ". The offer's number is ", _salt(), ".",
    ]  # fmt: skip


def _chinese() -> list[str | Part]:
    return [
        _bytes("seller", 20), " 提供影片 ", _title(), " 的一项",
        _choice("exclusive", {True: "独占", False: "非独占"}), "、",
        _choice("revocable", {True: "可撤回", False: "不可撤回"}), "许可，媒介：",
        _media("media", _MEDIA_ZH, "、"), "，地区：",
        _territory("territory", "全世界", "、"), "。价格为 ", _number("price", 128), " 个",
        _either("token", {NATIVE: "账本货币"}, _bytes("token", 20), " "), "最小单位，自 ", _time("opens"),
        _either("closes", {FOREVER: " 起"}, _time("closes"), " 至 "), " 可购买，最多 ", _number("supply", 32),
        " 次。许可开始于", _either("start", {0: "购买之时"}, _time("start"), " "), "，期限",
        _either("term", {0: "以结束日为限"}, _span("term", " 天", " 秒"), "为 "), "，结束日",
        _either("end", {0: "不定"}, _time("end"), "最晚为 "),
        "。改编作品将其 10,000 份额中的 ", _number("remixShares", 16),
        " 份给予本影片。", _either("terms", {bytes(32): "没有法律文本"}, _bytes("terms", 32), "法律文本的 SHA-256 为 "),
        "。报价编号 ", _salt(), "。",
    ]  # fmt: skip


def _title() -> Part:
    return _bytes("title", 20)


def _salt() -> Part:
    word = _bytes("salt", 32)
    return Part(
        "salt",
        lambda value: word.write(value.to_bytes(32, "big")),
        lambda reader: int.from_bytes(word.read(reader), "big"),
    )


_ENGLISH = _english()
_CHINESE = _chinese()
