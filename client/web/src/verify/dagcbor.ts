/**
 * DAG-CBOR, one form for each value (https://ipld.io/specs/codecs/dag-cbor/spec/), read as strictly as it is written.
 *
 * Integers are numbers where a number is exact (up to 2^53 - 1) and bigints beyond. A float is a `Float`, so that 1
 * and 1.0 stay two values.
 */

import { Cid } from './cid';
import { compare, join, type Octets } from './octets';
import { Refused } from './refused';

/** A float of 64 bits. */
export class Float {
  constructor(readonly value: number) {}
}

export type Value = null | boolean | number | bigint | Float | string | Octets | Cid | Value[] | { [key: string]: Value };
export type Fields = { [key: string]: Value };

export const MAX_DEPTH = 32;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TO_UTF8 = new TextEncoder();

function refused(found: string, expected: string): Refused {
  return new Refused('not-canonical', `found ${found}, expected ${expected}`);
}

/** Whether a value is a map. */
export function isFields(value: Value | undefined): value is Fields {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Cid) &&
    !(value instanceof Float)
  );
}

/** Reads one value; throws `Refused` (`not-canonical`) for anything that has another form. */
export function decode(data: Uint8Array, maxDepth = MAX_DEPTH): Value {
  const reader = new Reader(data);
  const value = reader.value(maxDepth);
  if (reader.at !== data.length) throw refused(`${data.length - reader.at} bytes after the value`, 'none');
  return value;
}

class Reader {
  at = 0;
  private readonly data: Uint8Array;
  private readonly view: DataView;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  value(depth: number): Value {
    const first = this.octet();
    const major = first >> 5;
    if (major === 7) return this.simple(first);
    if (major === 6) return this.link(this.number(first));
    const number = this.number(first);
    if (major === 0) return number;
    if (major === 1) return negative(number);
    if (major === 2) return this.take(number);
    if (major === 3) return this.text(number);
    if (depth <= 0) throw refused('lists and maps nested too deep', 'fewer in each other');
    return major === 4 ? this.list(number, depth - 1) : this.map(number, depth - 1);
  }

  private octet(): number {
    const found = this.data[this.at++];
    if (found === undefined) throw this.cut();
    return found;
  }

  private cut(): Refused {
    return refused(`the end after ${this.data.length} bytes`, 'the rest of a value');
  }

  /** The number of a head, which must be as short as it goes. */
  private number(first: number): number | bigint {
    const info = first & 31;
    if (info < 24) return info;
    if (info > 27) throw refused(`the length form ${info}`, 'a definite length in the shortest form');
    const width = 1 << (info - 24);
    if (this.at + width > this.data.length) throw this.cut();
    const from = this.at;
    this.at += width;
    const found =
      width === 1
        ? this.view.getUint8(from)
        : width === 2
          ? this.view.getUint16(from)
          : width === 4
            ? this.view.getUint32(from)
            : this.view.getBigUint64(from);
    const least = [24, 0x100, 0x1_0000, 0x1_0000_0000][info - 24]!;
    if (found < least) throw refused(`${found} in ${width} bytes`, 'the shortest form');
    return typeof found === 'bigint' && found <= Number.MAX_SAFE_INTEGER ? Number(found) : found;
  }

  private take(size: number | bigint): Octets {
    if (size > this.data.length - this.at) throw this.cut();
    const from = this.at;
    this.at += Number(size);
    return this.data.slice(from, this.at);
  }

  private text(size: number | bigint): string {
    try {
      return UTF8.decode(this.take(size));
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw refused('text that is not UTF-8', 'UTF-8');
    }
  }

  private simple(first: number): Value {
    if (first === 0xf6) return null;
    if (first === 0xf4 || first === 0xf5) return first === 0xf5;
    if (first !== 0xfb) throw refused(`the byte 0x${first.toString(16)}`, 'null, a bool or a float of 64 bits');
    if (this.at + 8 > this.data.length) throw this.cut();
    const value = this.view.getFloat64(this.at);
    this.at += 8;
    checkFloat(value);
    return new Float(value);
  }

  private link(tag: number | bigint): Cid {
    if (tag !== 42 || this.data[this.at - 1] !== 42) throw refused(`the tag ${tag}`, '42');
    if (this.octet() !== 0x58 || this.octet() !== 37 || this.octet() !== 0) {
      throw refused('another link', '37 bytes: 0x00 and a CIDv1 with sha2-256');
    }
    const bytes = this.take(36);
    try {
      return Cid.fromBytes(bytes);
    } catch (error) {
      throw refused('another CID in a link', error instanceof Error ? error.message : 'a CIDv1');
    }
  }

  private list(size: number | bigint, depth: number): Value[] {
    // A false length ends at the last byte: every item takes one.
    const items: Value[] = [];
    for (let count = 0; count < size; count++) items.push(this.value(depth));
    return items;
  }

  private map(size: number | bigint, depth: number): Fields {
    // Without a prototype, "__proto__" is a key like any other.
    const found: Fields = Object.create(null) as Fields;
    let before = new Uint8Array(0);
    for (let count = 0; count < size; count++) {
      const start = this.at;
      const first = this.octet();
      if (first >> 5 !== 3) throw refused(`a key that begins with 0x${first.toString(16)}`, 'text');
      const key = this.text(this.number(first));
      // A key begins with its length, so that ascending bytes are the order by length, then by bytes.
      const written = this.data.slice(start, this.at);
      if (compare(written, before) <= 0) throw refused(`the key “${key.slice(0, 60)}” out of order or twice`, 'order');
      before = written;
      found[key] = this.value(depth);
    }
    return found;
  }
}

/** A float has one form: it is finite, and zero is written without a sign. */
function checkFloat(value: number): void {
  if (!Number.isFinite(value) || Object.is(value, -0)) throw refused(Object.is(value, -0) ? '-0' : String(value), 'a finite number');
}

function negative(number: number | bigint): number | bigint {
  const value = -1n - BigInt(number);
  return value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

/** The one encoding of `value`; throws `Refused` (`not-canonical`) for a value that has none. */
export function encode(value: Value): Octets {
  const pieces: Uint8Array[] = [];
  write(pieces, value);
  return join(pieces);
}

function head(major: number, number: number | bigint): Uint8Array {
  const top = major << 5;
  if (number < 24) return Uint8Array.of(top | Number(number));
  if (number < 0x100) return Uint8Array.of(top | 24, Number(number));
  if (number >= 1n << 64n) throw refused('a number beyond 64 bits', 'one within');
  const width = number < 0x1_0000 ? 2 : number < 0x1_0000_0000 ? 4 : 8;
  const out = new DataView(new ArrayBuffer(1 + width));
  out.setUint8(0, top | (width === 2 ? 25 : width === 4 ? 26 : 27));
  if (width === 2) out.setUint16(1, Number(number));
  else if (width === 4) out.setUint32(1, Number(number));
  else out.setBigUint64(1, BigInt(number));
  return new Uint8Array(out.buffer);
}

function write(out: Uint8Array[], value: Value): void {
  if (value === null || typeof value === 'boolean') out.push(Uint8Array.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4));
  else if (typeof value === 'number' || typeof value === 'bigint') writeInteger(out, value);
  else if (value instanceof Float) writeFloat(out, value.value);
  else if (typeof value === 'string') writeText(out, value);
  else if (value instanceof Cid) out.push(Uint8Array.of(0xd8, 42, 0x58, 37, 0), value.bytes);
  else if (value instanceof Uint8Array) out.push(head(2, value.length), value);
  else if (Array.isArray(value)) {
    out.push(head(4, value.length));
    for (const item of value) write(out, item);
  } else {
    const entries = Object.entries(value).map(([key, item]): [Octets, Value] => [text(key), item]);
    entries.sort(([a], [b]) => compare(a, b));
    out.push(head(5, entries.length));
    for (const [key, item] of entries) {
      out.push(key);
      write(out, item);
    }
  }
}

function writeInteger(out: Uint8Array[], value: number | bigint): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw refused(String(value), 'a whole number');
  out.push(value >= 0 ? head(0, value) : head(1, -1n - BigInt(value)));
}

function writeFloat(out: Uint8Array[], value: number): void {
  checkFloat(value);
  const written = new DataView(new ArrayBuffer(9));
  written.setUint8(0, 0xfb);
  written.setFloat64(1, value);
  out.push(new Uint8Array(written.buffer));
}

function text(value: string): Octets {
  if (/\p{Surrogate}/u.test(value)) throw refused('text with half a surrogate pair', 'Unicode text');
  const data = TO_UTF8.encode(value);
  return join([head(3, data.length), data]);
}

function writeText(out: Uint8Array[], value: string): void {
  out.push(text(value));
}
