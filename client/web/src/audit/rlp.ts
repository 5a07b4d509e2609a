/** Recursive length prefix, one form for one value (Ethereum Yellow Paper, appendix B). */

import { join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';

export type Item = Octets | Item[];

const SHORT = 55;
const MAX_DEPTH = 16;

function bad(sentence: string): Refused {
  return new Refused('bad-rlp', sentence);
}

/** The RLP of bytes or of nested lists of bytes. */
export function encode(item: Item): Octets {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0]! < 0x80 ? item : join([prefix(item.length, 0x80), item]);
  }
  const payload = join(item.map(encode));
  return join([prefix(payload.length, 0xc0), payload]);
}

/** The bytes of a number as RLP wants them: big-endian without leading zeros. */
export function uint(value: number): Octets {
  const octets: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return Uint8Array.from(octets);
}

/** Reads exactly one item; throws `Refused` (`bad-rlp`). */
export function decode(data: Octets): Item {
  const [item, end] = read(data, 0, data.length, 0);
  if (end !== data.length) throw bad(`found ${data.length - end} bytes after the RLP item, expected its end at byte ${end}`);
  return item;
}

/** A scalar from its payload; throws `Refused` (`bad-rlp`) for a leading zero or more than 32 bytes. */
export function decodeUint(data: Octets): bigint {
  if (data.length > 32 || data[0] === 0) throw bad(`found ${toHex(data.slice(0, 40))}, expected an integer without leading zero`);
  return data.length === 0 ? 0n : BigInt('0x' + toHex(data));
}

function prefix(length: number, offset: number): Octets {
  if (length <= SHORT) return Uint8Array.of(offset + length);
  const size = uint(length);
  return join([Uint8Array.of(offset + SHORT + size.length), size]);
}

function read(data: Octets, start: number, limit: number, depth: number): [Item, number] {
  if (start >= limit) throw bad(`found the end at byte ${start}, expected an RLP item`);
  if (depth > MAX_DEPTH) throw bad(`found lists nested deeper than ${MAX_DEPTH}, expected a flatter RLP item`);
  const first = data[start]!;
  if (first < 0x80) return [data.slice(start, start + 1), start + 1];
  const isList = first >= 0xc0;
  let [begin, end] = span(data, start, limit, first - (isList ? 0xc0 : 0x80));
  if (!isList) {
    if (end - begin === 1 && data[begin]! < 0x80) throw bad(`found a prefixed small byte at byte ${start}, expected it alone`);
    return [data.slice(begin, end), end];
  }
  const items: Item[] = [];
  while (begin < end) {
    const [item, next] = read(data, begin, end, depth + 1);
    items.push(item);
    begin = next;
  }
  return [items, end];
}

function span(data: Octets, start: number, limit: number, written: number): [number, number] {
  let begin = start + 1;
  let length = written;
  if (length > SHORT) {
    begin += length - SHORT;
    const size = data.subarray(start + 1, begin);
    length = size.reduce((sum, octet) => sum * 256 + octet, 0);
    if (begin > limit || size[0] === 0 || length <= SHORT) throw bad(`found a bad length at byte ${start}, expected the shortest`);
  }
  if (begin + length > limit) throw bad(`found ${limit - begin} bytes at byte ${begin}, expected ${length}`);
  return [begin, begin + length];
}
