/** Records made in the page: the same bytes as the node's own, and checked like a stranger's before they leave. */

import { parseBody } from '../verify/bodies';
import { Cid, DAG_CBOR } from '../verify/cid';
import { encode, type Fields } from '../verify/dagcbor';
import type { Octets } from '../verify/octets';
import { parseRecord, readBody, toSigned, verifyRecord, VERSION, type Record } from '../verify/record';

/** Where a record stands: whose it is (null: an inception), by which device, after which one of it; `time` in ms. */
export interface Place {
  readonly author: Cid | null;
  readonly device: Octets;
  readonly seq: number;
  readonly prev: Cid | null;
  readonly time: number;
}

/** A record that is signed, with the blocks that travel. */
export interface Written {
  readonly record: Record;
  readonly block: Octets;
  readonly body: Octets;
}

/** Signs bytes with the device's key: 64 bytes. */
export type Sign = (message: Octets) => Promise<Octets>;

/** The block of a body; `nonce` is 16 bytes that nobody can guess. Throws `Refused` for fields that the kind does not take. */
export function newBody(kind: string, nonce: Octets, fields: Fields): Octets {
  const block = encode({ ...fields, nonce });
  parseBody(kind, block);
  return block;
}

/** Signs a record at its place; throws `Refused` where what was made would not hold elsewhere. */
export async function writeRecord(sign: Sign, place: Place, kind: string, body: Octets): Promise<Written> {
  const header: Fields = { v: VERSION, ...place, kind, body: await Cid.of(body, DAG_CBOR), size: body.length };
  const block = encode({ header, signature: await sign(toSigned(header)) });
  const record = await parseRecord(block);
  await verifyRecord(record);
  await readBody(record, body);
  return { record, block, body };
}
