"""Every act on the ledger in one sentence, in English and Chinese: what is shown before anything is signed."""

from __future__ import annotations

from cinepeer.errors import BadInput
from cinepeer.rights.sentence import LANGUAGES

# Each name's sentence in the order of `LANGUAGES`; numbers are grouped, addresses and ids stand as they are.
WORDS: dict[str, tuple[str, str]] = {
    "pay": (
        "This pays {amount:,} units to all who hold shares of {film!r} ({title}){memo}.",
        "这将向影片《{film}》（{title}）的全体份额持有人支付 {amount:,} 个单位{memo}。",
    ),
    "pay.memo": (" with the public word {memo!r}", "，并公开附言“{memo}”"),
    "buy": (
        "This buys one licence for {price:,} units, public for ever, by this offer: {offer}",
        "这将以 {price:,} 个单位购买一项许可，永久公开，依据以下报价：{offer}",
    ),
    "withdraw": (
        "This has {due:,} units of royalties of {film!r} paid out to {holder}.",
        "这将把影片《{film}》的 {due:,} 个单位收益支付给 {holder}。",
    ),
    "give": (
        "This gives {given:g} % of {film!r} to {to} for good and leaves you {left:g} %; what your shares earned so far "
        "stays yours.",
        "这将把影片《{film}》的 {given:g}% 永久转让给 {to}，您保留 {left:g}%；此前的收益仍归您所有。",
    ),
    "agent": (
        "This lets {to} offer licences of {film!r} in your place until {end}.",
        "这将授权 {to} 代您出售影片《{film}》的许可，直至 {end}。",
    ),
    "agent.forever": (
        "This lets {to} offer licences of {film!r} in your place until its end.",
        "这将授权 {to} 代您出售影片《{film}》的许可，不设期限。",
    ),
    "agent.none": (
        "This ends what {to} may do for {film!r} in your place.",
        "这将终止 {to} 代您处理影片《{film}》的一切权限。",
    ),
    "close": (
        "This withdraws the offer {offer} for good; licences that were bought of it stay.",
        "这将永久撤回报价 {offer}；已购买的许可继续有效。",
    ),
    "notice": (
        "This disputes the title of {film!r} ({ground}) and freezes its payouts; {bond:,} units are your bond, "
        "which goes to the film if the arbiter finds you wrong.",
        "这将对影片《{film}》的权属提出异议（{ground}）并冻结其支付；{bond:,} 个单位作为您的保证金，"
        "若仲裁认定您有误，则归影片所有。",
    ),
    "ground.other": ("other", "其他"),
    "ground.owner": ("owner", "权利人"),
    "ground.shares": ("shares", "份额"),
    "ground.licence": ("licence", "许可"),
    "ground.content": ("content", "内容"),
    "answer": (
        "This answers the notice {case}; {bond:,} units are your bond, yours again if the title holds.",
        "这将答复异议 {case}；{bond:,} 个单位作为您的保证金，若权属成立则退还。",
    ),
    "announce": (
        "This announces your title, which somebody carried to the ledger, in a record.",
        "这将以一条记录公布您的权属，它已由他人登记到账本。",
    ),
    "register.own": ("This carries your deed to the ledger. {deed}", "这将把您的契约登记到账本。{deed}"),
    "register": ("This carries {creator}'s deed to the ledger. {deed}", "这将把 {creator} 的契约登记到账本。{deed}"),
    "deed": (
        "It registers the film {film!r} for {creator}, shared out as {parts}.",
        "它以 {creator} 的名义登记影片《{film}》，份额为 {parts}。",
    ),
}


def act_sentence(name: str, language: str = "en", **values: object) -> str:
    """The sentence of an act; raises `BadInput` for a language that is not spoken here."""
    if language not in LANGUAGES:
        raise BadInput(f"found the language {language!r}, expected one of {', '.join(LANGUAGES)}")
    return WORDS[name][LANGUAGES.index(language)].format(**values)
