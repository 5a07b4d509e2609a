/** Records: a closed header signed by a device, and a body that is a block of its own and may be forgotten. */

import { parseBody, MAX_BODY_BYTES } from './bodies';
import { Cid, DAG_CBOR } from './cid';
import { decode, encode, isFields, type Fields, type Value } from './dagcbor';
import { verifySignature } from './ed25519';
import { join, type Octets } from './octets';
import { Refused } from './refused';

export const MAX_RECORD_BYTES = 1024;
export const VERSION = 1;
const DOMAIN = new TextEncoder().encode('cinepeer/record/1\0');
const KIND = /^[a-z][a-z0-9-]{0,22}$/;
const FIELDS = ['v', 'author', 'device', 'seq', 'prev', 'time', 'kind', 'body', 'size'];

/** What a device signs; `author` is null only in an inception, `time` is Unix time in ms, `size` of the body in bytes. */
export interface Header {
  readonly author: Cid | null;
  readonly device: Octets;
  readonly seq: number;
  readonly prev: Cid | null;
  readonly time: number;
  readonly kind: string;
  readonly body: Cid;
  readonly size: number;
}

/** A header with its signature (64 bytes), made by `parseRecord` alone; `id` is the CID of its block. */
export interface Record {
  readonly header: Header;
  readonly signature: Octets;
  readonly id: Cid;
  /** The author's id: an inception's own id is it. */
  readonly author: Cid;
  /** The bytes that were signed. */
  readonly signed: Octets;
}

function bad(found: string, expected: string): Refused {
  return new Refused('bad-record', `found ${found}, expected ${expected}`);
}

/** Reads a record's block strictly; throws `Refused` (`not-canonical`, `bad-record`). The signature is not checked. */
export async function parseRecord(block: Octets): Promise<Record> {
  if (block.length > MAX_RECORD_BYTES) throw bad(`${block.length} bytes`, `at most ${MAX_RECORD_BYTES}`);
  const value = decode(block);
  if (!isFields(value) || Object.keys(value).sort().join() !== 'header,signature') {
    throw bad('another shape', 'a map of header and signature');
  }
  const signature = value['signature'];
  if (!isData(signature, 64)) throw bad('another signature', '64 bytes');
  const fields = value['header'];
  if (!isFields(fields) || Object.keys(fields).sort().join() !== FIELDS.slice().sort().join()) {
    throw bad('another header', `a map of ${FIELDS.join(', ')}`);
  }
  const header = readHeader(fields);
  check(header);
  const id = await Cid.of(block, DAG_CBOR);
  return { header, signature, id, author: header.author ?? id, signed: toSigned(fields) };
}

/** The bytes that a device signs for a header. */
export function toSigned(header: Fields): Octets {
  return join([DOMAIN, encode(header)]);
}

function readHeader(fields: Fields): Header {
  if (fields['v'] !== VERSION) throw bad('another v', String(VERSION));
  const kind = fields['kind'];
  if (typeof kind !== 'string' || !KIND.test(kind)) throw bad('another kind', '1 to 23 of a-z, 0-9 and -');
  const device = fields['device'];
  if (!isData(device, 32)) throw bad('another device', '32 bytes');
  const body = linkOrNull(fields, 'body');
  if (body === null) throw bad('no body', 'a link to a DAG-CBOR block');
  return {
    author: linkOrNull(fields, 'author'),
    device,
    seq: number(fields, 'seq'),
    prev: linkOrNull(fields, 'prev'),
    time: number(fields, 'time'),
    kind,
    body,
    size: number(fields, 'size'),
  };
}

function isData(value: Value | undefined, size: number): value is Octets {
  return value instanceof Uint8Array && value.length === size;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || value < 0) throw bad(`another ${name}`, `an integer from 0 to ${2 ** 53 - 1}`);
  return value;
}

function linkOrNull(fields: Fields, name: string): Cid | null {
  const value = fields[name];
  if (value === null) return null;
  if (!(value instanceof Cid) || value.codec !== DAG_CBOR) throw bad(`another ${name}`, 'a link to a DAG-CBOR block');
  return value;
}

/** How the fields of a header go together. */
function check(header: Header): void {
  if (header.size < 1 || header.size > MAX_BODY_BYTES) throw bad(`a body of ${header.size} bytes`, `1 to ${MAX_BODY_BYTES}`);
  if ((header.prev === null) !== (header.seq === 0)) throw bad(`the seq ${header.seq} with a prev or without`, 'none at seq 0 alone');
  const isInception = header.kind === 'inception';
  if ((header.author === null) !== isInception) throw bad(`a record of kind ${header.kind}`, 'an author in all but an inception');
  if (isInception && header.seq) throw bad(`an inception at seq ${header.seq}`, 'seq 0');
}

/** Throws `Refused` (`bad-signature`) unless the device signed the header. */
export function verifyRecord(record: Record): Promise<void> {
  return verifySignature(record.header.device, record.signed, record.signature);
}

/** The fields of a record's body; throws `Refused` (`wrong-body`, `bad-body`) where it is another one or says nothing. */
export async function readBody(record: Record, body: Octets): Promise<Fields> {
  if (body.length !== record.header.size || !(await record.header.body.isOf(body))) {
    throw new Refused('wrong-body', `found ${body.length} bytes of another body, expected ${record.header.body}`);
  }
  return parseBody(record.header.kind, body);
}
