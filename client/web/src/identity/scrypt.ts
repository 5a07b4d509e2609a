/** scrypt (RFC 7914) with r = 8 and p = 1, as the node stretches passphrases. It takes 2^cost KiB for a moment: in a worker. */

import type { Octets } from '../verify/octets';

const WORDS = 256; // 32-bit words of a block: 128 bytes times r
const KEY_BYTES = 32;

/** A key of 32 bytes; `cost` is log2 of N. */
export async function stretch(passphrase: Octets, salt: Octets, cost: number): Promise<Octets> {
  const key = await crypto.subtle.importKey('raw', passphrase, 'PBKDF2', false, ['deriveBits']);
  const block = await once(key, salt, 4 * WORDS);
  mix(new Uint32Array(block.buffer), cost); // every browser of today is little-endian, as the RFC reads words
  return once(key, block, KEY_BYTES);
}

/** PBKDF2-HMAC-SHA256 in one round. */
async function once(key: CryptoKey, salt: Octets, sizeBytes: number): Promise<Octets> {
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 1 }, key, 8 * sizeBytes));
}

/** scryptROMix over one block, in place. */
function mix(block: Uint32Array, cost: number): void {
  const times = 2 ** cost;
  const kept = new Uint32Array(times * WORDS);
  const other = new Uint32Array(WORDS);
  for (let round = 0; round < times; round++) {
    kept.set(block, round * WORDS);
    blend(block, other);
  }
  for (let round = 0; round < times; round++) {
    const from = (block[WORDS - 16]! & (times - 1)) * WORDS;
    for (let at = 0; at < WORDS; at++) block[at]! ^= kept[from + at]!;
    blend(block, other);
  }
}

/** scryptBlockMix: Salsa20/8 from piece to piece; even pieces first, then the odd ones. `other` is room to work in. */
function blend(block: Uint32Array, other: Uint32Array): void {
  const x = block.slice(WORDS - 16);
  for (let piece = 0; piece < WORDS / 16; piece++) {
    for (let at = 0; at < 16; at++) x[at]! ^= block[16 * piece + at]!;
    salsa(x);
    other.set(x, 16 * ((piece >> 1) + (piece & 1) * (WORDS / 32)));
  }
  block.set(other);
}

/** Salsa20/8 of sixteen words, in place. */
function salsa(x: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = [x[0]!, x[1]!, x[2]!, x[3]!, x[4]!, x[5]!, x[6]!, x[7]!];
  let [i, j, k, l, m, n, o, p] = [x[8]!, x[9]!, x[10]!, x[11]!, x[12]!, x[13]!, x[14]!, x[15]!];
  const turn = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  for (let double = 0; double < 4; double++) {
    // columns
    e ^= turn((a + m) | 0, 7), i ^= turn((e + a) | 0, 9), m ^= turn((i + e) | 0, 13), a ^= turn((m + i) | 0, 18);
    j ^= turn((f + b) | 0, 7), n ^= turn((j + f) | 0, 9), b ^= turn((n + j) | 0, 13), f ^= turn((b + n) | 0, 18);
    o ^= turn((k + g) | 0, 7), c ^= turn((o + k) | 0, 9), g ^= turn((c + o) | 0, 13), k ^= turn((g + c) | 0, 18);
    d ^= turn((p + l) | 0, 7), h ^= turn((d + p) | 0, 9), l ^= turn((h + d) | 0, 13), p ^= turn((l + h) | 0, 18);
    // rows
    b ^= turn((a + d) | 0, 7), c ^= turn((b + a) | 0, 9), d ^= turn((c + b) | 0, 13), a ^= turn((d + c) | 0, 18);
    g ^= turn((f + e) | 0, 7), h ^= turn((g + f) | 0, 9), e ^= turn((h + g) | 0, 13), f ^= turn((e + h) | 0, 18);
    l ^= turn((k + j) | 0, 7), i ^= turn((l + k) | 0, 9), j ^= turn((i + l) | 0, 13), k ^= turn((j + i) | 0, 18);
    m ^= turn((p + o) | 0, 7), n ^= turn((m + p) | 0, 9), o ^= turn((n + m) | 0, 13), p ^= turn((o + n) | 0, 18);
  }
  const mixed = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
  for (let at = 0; at < 16; at++) x[at] = x[at]! + mixed[at]!;
}
