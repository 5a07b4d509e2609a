/** Records in lists from elsewhere: taken apart, checked one by one and put into the feeds. */

import { MAX_BODY_BYTES } from './bodies';
import { decode, type Fields, type Value } from './dagcbor';
import type { Feeds } from './feeds';
import type { Octets } from './octets';
import { parseRecord, readBody, verifyRecord, type Record } from './record';
import { Refused } from './refused';

/** A record that was checked; `fields` is its body, null where none came; `pair` what both came as. */
export interface Admitted {
  readonly record: Record;
  readonly fields: Fields | null;
  readonly pair: Value;
}

/** The [record, body] pairs of a DAG-CBOR list. Throws `Refused`. */
export function readPairs(list: Octets): readonly Value[] {
  const pairs = decode(list);
  if (!Array.isArray(pairs)) throw new Refused('bad-list', 'found no list of records, expected pairs of record and body');
  return pairs;
}

/**
 * Checks a pair (form, signature, chain, body) and applies it to the feeds; null where `isWanted` says no or its time is
 * far ahead of `nowMs`. Throws `Refused`.
 */
export async function admitPair(feeds: Feeds, pair: Value, nowMs: number, isWanted: (record: Record, hasBody: boolean) => boolean): Promise<Admitted | null> {
  const [block, body] = Array.isArray(pair) && pair.length === 2 ? pair : [];
  const isBody = body === null || (body instanceof Uint8Array && body.length <= MAX_BODY_BYTES);
  if (!(block instanceof Uint8Array) || !isBody) {
    throw new Refused('bad-list', 'found something else in a list of records, expected record and body');
  }
  const record = await parseRecord(block);
  if (!isWanted(record, body !== null)) return null;
  await verifyRecord(record);
  const missing = await feeds.missing(record, nowMs);
  if (missing === 'time') return null;
  if (missing !== null) throw new Refused('gap', `found the record ${record.id} before its ${missing}, expected it after`);
  const fields = body === null ? null : await readBody(record, body);
  await feeds.verify(record, fields);
  await feeds.apply(record, fields);
  return { record, fields, pair };
}
