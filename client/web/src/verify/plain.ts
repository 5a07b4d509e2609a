/** Values as they travel to the page and are printed there. */

import { Cid } from './cid';
import { Float, type Value } from './dagcbor';
import { toHex } from './octets';

/** Ids as text, bytes as hexadecimal digits, the rest as it is. */
export function plain(value: Value): unknown {
  if (value instanceof Cid) return value.text;
  if (value instanceof Float) return value.value;
  if (value instanceof Uint8Array) return '0x' + toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  }
  return typeof value === 'bigint' ? value.toString() : value;
}
