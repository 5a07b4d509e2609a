/** Solidity's ABI, as far as our contracts need it (https://docs.soliditylang.org/en/latest/abi-spec.html), one form each. */

import { isSame, join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { keccak, keccakText } from './keccak';

/** A type by its name, or a tuple of types. */
export type Kind = string | readonly Kind[];
export type Value = bigint | boolean | Octets | readonly Value[];

const WORD = 32;

function bad(found: string, expected: string): Refused {
  return new Refused('bad-abi', `found ${found}, expected ${expected}`);
}

/** The first topic of an event from its written signature, or any text's Keccak as hexadecimal digits. */
export function topic(signature: string): string {
  return toHex(keccakText(signature));
}

/** A kind as signatures write it. */
export function written(kind: Kind): string {
  return typeof kind === 'string' ? kind : `(${kind.map(written).join(',')})`;
}

/** One value as a word; throws `Refused` (`bad-abi`) where it does not fit. */
export function word(kind: string, value: Value): Octets {
  const out = new Uint8Array(WORD);
  if (value instanceof Uint8Array) {
    if (kind === 'address' && value.length === 20) out.set(value, 12);
    else if (kind === `bytes${value.length}` && value.length > 0 && value.length <= WORD) out.set(value);
    else throw bad(`${value.length} bytes`, kind);
    return out;
  }
  const number = typeof value === 'boolean' ? BigInt(value) : value;
  if (typeof number !== 'bigint' || number < 0n || number >= beyond(kind)) throw bad(String(value), kind);
  let left = number;
  for (let at = WORD - 1; left > 0n; at--) {
    out[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  return out;
}

function beyond(kind: string): bigint {
  if (kind === 'bool') return 2n;
  return kind.startsWith('uint') ? 1n << BigInt(kind.slice(4)) : 0n;
}

/** The value of a word, with nothing but its padding beside it; throws `Refused` (`bad-abi`). */
export function unword(kind: string, data: Octets): bigint | boolean | Octets {
  if (data.length !== WORD) throw bad(`${data.length} bytes`, `a word of ${kind}`);
  let value: bigint | boolean | Octets;
  if (kind === 'address') value = data.slice(12);
  else if (kind.startsWith('bytes')) value = data.slice(0, Number(kind.slice(5)));
  else {
    const number = BigInt('0x' + toHex(data));
    value = kind === 'bool' && number < 2n ? number === 1n : number;
  }
  if (!isSame(word(kind, value), data)) throw bad(`the word ${toHex(data)}`, kind);
  return value;
}

/** A tuple of values as `abi.encode` gives it; throws `Refused` (`bad-abi`). */
export function encode(kinds: readonly Kind[], values: readonly Value[]): Octets {
  if (kinds.length !== values.length) throw bad(`${values.length} values`, String(kinds.length));
  const heads: Octets[] = [];
  const tails: Octets[] = [];
  let at = kinds.reduce((sum: number, kind) => sum + headSize(kind), 0);
  kinds.forEach((kind, place) => {
    const data = encodeOne(kind, values[place]!);
    if (isDynamic(kind)) {
      heads.push(word('uint256', BigInt(at)));
      tails.push(data);
      at += data.length;
    } else heads.push(data);
  });
  return join([...heads, ...tails]);
}

/** Reads exactly what `encode` writes; throws `Refused` (`bad-abi`). */
export function decode(kinds: readonly Kind[], data: Octets): Value[] {
  const values = decodeAll(kinds, data);
  if (!isSame(encode(kinds, values), data)) throw bad(`${data.length} bytes laid out otherwise`, written(kinds));
  return values;
}

/** An array's elements, each as a word: `abi.encodePacked` of the array. */
export function packed(kind: string, values: readonly Value[]): Octets {
  return join(values.map((value) => word(kind, value)));
}

/** The Keccak of a tuple's encoding. */
export function hashed(kinds: readonly Kind[], values: readonly Value[]): Octets {
  return keccak(encode(kinds, values));
}

function isDynamic(kind: Kind): boolean {
  if (typeof kind !== 'string') return kind.some(isDynamic);
  return kind === 'bytes' || kind === 'string' || kind.endsWith('[]');
}

function headSize(kind: Kind): number {
  if (typeof kind === 'string' || isDynamic(kind)) return WORD;
  return kind.reduce((sum: number, part) => sum + headSize(part), 0);
}

function several(kind: Kind, value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw bad('one value', written(kind));
  return value as readonly Value[];
}

function encodeOne(kind: Kind, value: Value): Octets {
  if (typeof kind !== 'string') return encode(kind, several(kind, value));
  if (kind === 'bytes' || kind === 'string') {
    if (!(value instanceof Uint8Array)) throw bad('another value', kind);
    return join([word('uint256', BigInt(value.length)), value, new Uint8Array((WORD - (value.length % WORD)) % WORD)]);
  }
  if (kind.endsWith('[]')) {
    const items = several(kind, value);
    return join([word('uint256', BigInt(items.length)), packed(kind.slice(0, -2), items)]);
  }
  return word(kind, value);
}

function decodeAll(kinds: readonly Kind[], data: Octets): Value[] {
  let at = 0;
  return kinds.map((kind) => {
    const size = headSize(kind);
    const part = data.slice(at, at + size);
    const from = at;
    at += size;
    if (isDynamic(kind)) return decodeTail(kind, data.slice(length(data, from)));
    return typeof kind === 'string' ? unword(kind, part) : decodeAll(kind, part);
  });
}

function decodeTail(kind: Kind, data: Octets): Value {
  if (typeof kind !== 'string') return decodeAll(kind, data);
  const size = length(data, 0);
  if (!kind.endsWith('[]')) return data.slice(WORD, WORD + size);
  if (WORD + size * WORD > data.length) throw bad(`${data.length} bytes`, `${size} words`);
  return Array.from({ length: size }, (_, at) => unword(kind.slice(0, -2), data.slice(WORD * (at + 1), WORD * (at + 2))));
}

/** An offset or a length; beyond the data it is clamped, so that encoding anew tells the difference. */
function length(data: Octets, at: number): number {
  const found = data.slice(at, at + WORD);
  const value = found.length ? BigInt('0x' + toHex(found)) : 0n;
  return value < BigInt(data.length) ? Number(value) : data.length;
}
