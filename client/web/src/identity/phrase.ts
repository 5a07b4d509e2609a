/** The phrase: 24 words (BIP-39, English) that hold 32 bytes, and the keys of an author that follow from these (RFC 5869). */

import { join, sha256, type Octets } from '../verify/octets';

export const WORDS = 24;
export const ENTROPY_BYTES = 32;

const LISTED = 2048;
const WORD_BITS = 11;
const NONCE_BYTES = 16;
const SALT = new TextEncoder().encode('cinepeer/phrase/1');

/** What is wrong with words that a person typed; `place` (from 1) is the word that is not in the list. It never repeats the words. */
export class BadPhrase extends Error {
  constructor(
    readonly sort: 'count' | 'word' | 'sum',
    readonly found: number,
  ) {
    super(`found a phrase that does not hold (${sort} ${found}), expected the ${WORDS} words as they were shown`);
  }
}

/** The words of BIP-39's English list, in their order. They come apart from the page, which seldom needs them. */
export async function listed(): Promise<readonly string[]> {
  const { default: text } = await import('./english.txt?raw');
  const words = text.trim().split('\n');
  if (words.length !== LISTED) throw new Error(`found ${words.length} words in the list, expected ${LISTED}`);
  return words;
}

/** The 24 words of 32 bytes, with a checksum in the last one. */
export async function phraseOf(entropy: Octets, list: readonly string[]): Promise<readonly string[]> {
  if (entropy.length !== ENTROPY_BYTES) throw new Error(`found ${entropy.length} bytes, expected ${ENTROPY_BYTES}`);
  const bits = bitsOf(join([entropy, await checksum(entropy)]));
  return Array.from({ length: WORDS }, (_, place) => list[Number.parseInt(bits.slice(WORD_BITS * place, WORD_BITS * (place + 1)), 2)]!);
}

/** The 32 bytes in a phrase that a person typed; throws `BadPhrase`. */
export async function parsePhrase(text: string, list: readonly string[]): Promise<Octets> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length !== WORDS) throw new BadPhrase('count', words.length);
  const places = new Map(list.map((word, place) => [word, place]));
  let bits = '';
  for (const [at, word] of words.entries()) {
    const place = places.get(word);
    if (place === undefined) throw new BadPhrase('word', at + 1);
    bits += place.toString(2).padStart(WORD_BITS, '0');
  }
  const entropy = new Uint8Array(ENTROPY_BYTES);
  for (let at = 0; at < ENTROPY_BYTES; at++) entropy[at] = Number.parseInt(bits.slice(8 * at, 8 * at + 8), 2);
  if (bits.slice(8 * ENTROPY_BYTES) !== bitsOf(await checksum(entropy))) throw new BadPhrase('sum', WORDS);
  return entropy;
}

/** The seed (32 bytes) of an author's root key: number 0 begins the author, number 1 may follow it, and so on. */
export function rootSeed(entropy: Octets, number: number): Promise<Octets> {
  return derived(entropy, `root ${number}`, ENTROPY_BYTES);
}

/** The nonce (16 bytes) of the author's inception, so that the same words always give the same author. */
export function inceptionNonce(entropy: Octets): Promise<Octets> {
  return derived(entropy, 'inception', NONCE_BYTES);
}

async function derived(entropy: Octets, purpose: string, sizeBytes: number): Promise<Octets> {
  const key = await crypto.subtle.importKey('raw', entropy, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: SALT, info: new TextEncoder().encode(purpose) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 8 * sizeBytes));
}

async function checksum(entropy: Octets): Promise<Octets> {
  return (await sha256(entropy)).slice(0, 1);
}

function bitsOf(data: Octets): string {
  return Array.from(data, (octet) => octet.toString(2).padStart(8, '0')).join('');
}
