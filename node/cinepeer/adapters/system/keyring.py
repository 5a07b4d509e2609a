"""The author's lasting secrets in a keystore: made from a phrase, or, in homes from before there was one, by chance."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.wordlist import english
from cinepeer.errors import BadInput
from cinepeer.records.phrase import inception_nonce, parse_phrase, phrase_of, root_seed
from cinepeer.records.roots import MAX_ROOTS
from cinepeer.rights.wallet import account_key

PHRASE = "phrase"


@dataclass(frozen=True, slots=True, repr=False)
class Roots:
    """Seeds of the root that begins the author and, in order, of those that may follow; no `nonce` without a phrase."""

    seeds: tuple[bytes, ...]
    nonce: bytes | None

    @property
    def first(self) -> bytes:
        """The seed of the root that begins the author."""
        return self.seeds[0]

    @property
    def following(self) -> bytes:
        """The seed of the root that the inception promises."""
        return self.seeds[1]


def open_roots(keys: Keystore) -> Roots:
    """The roots kept in `keys`; in a fresh keystore a phrase is made first, and the account's key with it."""
    if "root" in keys.names():
        return Roots((keys.secret("root"), keys.secret("next-root")), None)
    entropy = keys.secret(PHRASE)
    if "account" not in keys.names():
        keys.keep("account", account_key(phrase_of(entropy, english())))
    # One more than can ever be in force, for each of these promises another.
    seeds = tuple(root_seed(entropy, number) for number in range(MAX_ROOTS + 1))
    return Roots(seeds, inception_nonce(entropy))


def show_phrase(keys: Keystore) -> str:
    """The 24 words; raises `BadInput` when the keys of this home do not come from a phrase."""
    if PHRASE not in keys.names():
        raise BadInput("found keys that were made without a phrase, expected one: keep a backup of this home instead")
    return phrase_of(keys.secret(PHRASE), english())


def parse_words(text: str) -> bytes:
    """The 32 bytes in a phrase that a person typed; raises `BadInput`."""
    return parse_phrase(text, english())


def keep_phrase(keys: Keystore, text: str) -> Roots:
    """Puts the phrase that a person typed into a fresh keystore; raises `BadInput` with nothing changed."""
    entropy = parse_words(text)
    if kept := {"root", PHRASE, "device"}.intersection(keys.names()):
        raise BadInput(f"found the keys {', '.join(sorted(kept))} there already, expected a fresh home")
    keys.keep(PHRASE, entropy)
    return open_roots(keys)
