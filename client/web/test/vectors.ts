/** The frozen vectors that the node's own tests read as well. */

import { readFileSync } from 'node:fs';
import { Cid } from '../src/verify/cid';
import { Float, type Value } from '../src/verify/dagcbor';
import { fromHex, type Octets } from '../src/verify/octets';

/** The vectors of one file. */
export function vectors<T>(name: string): T {
  const file = new URL(`../../../tests/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: T }).vectors;
}

/** Bytes as the vectors write them: hexadecimal digits, or two of them and how often, "81*100000". */
export function bytesOf(text: string): Octets {
  const [digits, times] = text.split('*') as [string, string?];
  return fromHex(times === undefined ? digits : digits.repeat(Number(times)));
}

/** A value as the vectors write it. */
export function valueOf(written: unknown): Value {
  if (Array.isArray(written)) return written.map(valueOf);
  if (typeof written !== 'object' || written === null) return written as Value;
  const [sort, content] = Object.entries(written)[0] as [string, never];
  switch (sort) {
    case 'integer':
      return Number.isSafeInteger(Number(content)) ? Number(content) : BigInt(content);
    case 'float':
      return new Float(fromHexFloat(content));
    case 'bytes':
      return fromHex(content);
    case 'link':
      return Cid.parse(content);
    case 'map':
      return Object.fromEntries((content as [string, unknown][]).map(([key, item]) => [key, valueOf(item)]));
    default:
      throw new Error(`a vector with a value of sort ${sort}`);
  }
}

/** "-0x1.8p+1" as C prints it. */
function fromHexFloat(text: string): number {
  const [, sign, whole, part = '', exponent] = /^(-?)0x([01])\.([0-9a-f]*)p([+-]\d+)$/.exec(text)!;
  const mantissa = BigInt(`0x${whole}${part}`);
  const scale = Number(exponent) - 4 * part.length;
  // Two steps, so that the smallest float does not vanish on the way.
  const value = Number(mantissa) * 2 ** Math.ceil(scale / 2) * 2 ** Math.floor(scale / 2);
  return sign ? -value : value;
}
