/** Forms of values: small checks, put together into what a kind of body needs and may have. */

import { Cid, DAG_CBOR } from './cid';
import { isFields, type Fields, type Value } from './dagcbor';

export type Check = (value: Value) => boolean;

/** What a map must have and may have; fields of other names are free. `agree` looks at all fields together. */
export interface Form {
  readonly needed: { readonly [name: string]: Check };
  readonly optional?: { readonly [name: string]: Check };
  readonly agree?: (fields: Fields) => boolean;
}

const MAX_WHOLE = Number.MAX_SAFE_INTEGER;
const TO_UTF8 = new TextEncoder();

/** The name of a field that is missing or of another form, "" if they contradict each other, null if all fit. */
export function misfit(form: Form, fields: Fields): string | null {
  for (const [name, check] of Object.entries(form.needed)) {
    if (!(name in fields) || !check(fields[name]!)) return name;
  }
  for (const [name, check] of Object.entries(form.optional ?? {})) {
    if (name in fields && !check(fields[name]!)) return name;
  }
  return form.agree === undefined || form.agree(fields) ? null : '';
}

/** A map with at least these fields. */
export function mapped(needed: Form['needed']): Check {
  return (value) => isFields(value) && misfit({ needed }, value) === null;
}

/** A map of whatever fields. */
export const anything: Check = isFields;

/** Bytes of a length: `least`, or from `least` to `most`. */
export function data(least: number, most = least): Check {
  return (value) => value instanceof Uint8Array && least <= value.length && value.length <= most;
}

/** An integer in a range. */
export function whole(least = 0, most = MAX_WHOLE): Check {
  return (value) => typeof value === 'number' && least <= value && value <= most;
}

export const flag: Check = (value) => typeof value === 'boolean';

/** Text, measured in bytes of UTF-8. */
export function text(most: number, least = 0): Check {
  return (value) => {
    if (typeof value !== 'string') return false;
    const size = TO_UTF8.encode(value).length;
    return least <= size && size <= most;
  };
}

export const name = text(1_024);
export const prose = text(16_384);

/** The id of a block. */
export const link: Check = (value) => value instanceof Cid;

/** The id of a record, or of another DAG-CBOR block. */
export const recordLink: Check = (value) => value instanceof Cid && value.codec === DAG_CBOR;

/** Null, or what `check` takes. */
export function maybe(check: Check): Check {
  return (value) => value === null || check(value);
}

/** A list of `least` to `most` values that `check` takes. */
export function listed(check: Check, most: number, least = 0): Check {
  return (value) => Array.isArray(value) && least <= value.length && value.length <= most && value.every(check);
}

/** Like `listed`, of text or ids, none of them twice. */
export function distinct(check: Check, most: number, least = 0): Check {
  const isListed = listed(check, most, least);
  return (value) => isListed(value) && Array.isArray(value) && new Set(value.map(String)).size === value.length;
}
