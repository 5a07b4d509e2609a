/** UnixFS files and folders over dag-pb (https://specs.ipfs.tech/unixfs/), strictly read. */

import { Cid, DAG_PB, RAW } from './cid';
import { join, type Octets } from './octets';
import { Refused } from './refused';

const MAX_BLOCK_BYTES = 2 << 20;
const MAX_LINKS = 16_384;
const DIRECTORY = 1;
const FILES: ReadonlySet<number> = new Set([0, 2]);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Link {
  readonly cid: Cid;
  readonly name: string;
}

/** A block that holds bytes of a file, a part of a file spread over children, or a folder. */
export type Node =
  | { readonly sort: 'leaf'; readonly data: Octets }
  | { readonly sort: 'file'; readonly parts: readonly { cid: Cid; size: number }[]; readonly size: number }
  | { readonly sort: 'folder'; readonly entries: ReadonlyMap<string, Cid> };

/** Reads a block, which the caller has checked against `cid`; throws `Refused` for what is no file and no folder. */
export function parseNode(cid: Cid, block: Octets): Node {
  if (cid.codec === RAW) return { sort: 'leaf', data: block };
  if (cid.codec !== DAG_PB) throw new Refused('unsupported-node', `found ${cid} to be no file and no folder`);
  const { links, data } = parseBranch(block);
  const found = parseData(data);
  if (found.sort === DIRECTORY) return folder(links, found);
  if (!FILES.has(found.sort)) throw new Refused('unsupported-node', `found type ${found.sort}, expected a file or a plain folder`);
  if (links.length === 0) {
    if (found.sizes.length || (found.size !== null && found.size !== found.data.length)) throw bad('a false size', 'a true one');
    return { sort: 'leaf', data: found.data };
  }
  const sum = found.sizes.reduce((whole, size) => whole + size, 0);
  if (found.data.length || found.sizes.length !== links.length || found.size !== sum || links.some((one) => one.name)) {
    throw bad('sizes that do not fit the parts of a file', 'one for each');
  }
  return { sort: 'file', parts: links.map((one, at) => ({ cid: one.cid, size: found.sizes[at]! })), size: sum };
}

function bad(found: string, expected: string, reason = 'bad-node'): Refused {
  return new Refused(reason, `found ${found} in a node, expected ${expected}`);
}

function folder(links: readonly Link[], found: Data): Node {
  if (found.data.length || found.sizes.length) throw bad('content in a folder', 'links alone');
  const entries = new Map<string, Cid>();
  for (const { name, cid } of links) {
    if (!isName(name) || entries.has(name)) throw bad(`the entry “${name.slice(0, 80)}”`, 'a plain name once');
    entries.set(name, cid);
  }
  return { sort: 'folder', entries };
}

/** Whether an entry of a folder may be called so. */
export function isName(name: string): boolean {
  return !['', '.', '..'].includes(name) && !/[/\0]/.test(name) && new TextEncoder().encode(name).length <= 255;
}

function parseBranch(block: Octets): { links: Link[]; data: Octets | null } {
  if (block.length > MAX_BLOCK_BYTES) throw bad(`${block.length} bytes`, `at most ${MAX_BLOCK_BYTES}`, 'too-large');
  const links: Link[] = [];
  let data: Octets | null = null;
  let runs = 0;
  let last = 0;
  for (const [field, value] of readFields(block)) {
    if (field === 2) {
      if (links.length === MAX_LINKS) throw bad(`more than ${MAX_LINKS} links`, 'at most that', 'too-large');
      links.push(parseLink(asBytes(value)));
      if (last !== 2) runs++;
    } else if (field === 1 && data === null) data = asBytes(value);
    else throw bad(`field ${field}`, 'links and one data field');
    last = field;
  }
  if (runs > 1) throw bad('data between links', 'all links together');
  return { links, data };
}

function parseLink(message: Octets): Link {
  let cid: Cid | null = null;
  let name: Octets = new Uint8Array(0);
  let last = 0;
  for (const [field, value] of readFields(message)) {
    if (field <= last || field > 3) throw bad(`field ${field} after ${last}`, 'hash, name and size once');
    last = field;
    if (field === 1) cid = linked(asBytes(value));
    else if (field === 2) name = asBytes(value);
    else asNumber(value);
  }
  if (cid === null) throw bad('a link without a hash', 'one');
  return { cid, name: utf8(name) };
}

/** The CID in a link: a CIDv1, or the bare multihash of a dag-pb node. */
function linked(data: Octets): Cid {
  const isBare = data.length === 34 && data[0] === 0x12 && data[1] === 0x20;
  return Cid.fromBytes(isBare ? join([Uint8Array.of(1, DAG_PB), data]) : data);
}

function utf8(data: Octets): string {
  try {
    return UTF8.decode(data);
  } catch {
    throw bad('a name that is not UTF-8', 'UTF-8');
  }
}

interface Data {
  readonly sort: number;
  readonly data: Octets;
  readonly size: number | null;
  readonly sizes: readonly number[];
}

function parseData(message: Octets | null): Data {
  if (message === null) throw bad('no data', 'a UnixFS node');
  let sort: number | null = null;
  let size: number | null = null;
  let data: Octets = new Uint8Array(0);
  const sizes: number[] = [];
  for (const [field, value] of readFields(message)) {
    if (field === 1 && sort === null) sort = asNumber(value);
    else if (field === 2 && data.length === 0) data = asBytes(value);
    else if (field === 3 && size === null) size = asSize(value);
    else if (field === 4) sizes.push(asSize(value));
    else if (field <= 4) throw bad(`field ${field} twice`, 'it once');
  }
  if (sort === null) throw bad('no type', 'one');
  return { sort, data, size, sizes };
}

function asNumber(value: number | Octets): number {
  if (typeof value !== 'number') throw bad('bytes', 'a number', 'bad-protobuf');
  return value;
}

function asBytes(value: number | Octets): Octets {
  if (typeof value === 'number') throw bad('a number', 'bytes', 'bad-protobuf');
  return value;
}

function asSize(value: number | Octets): number {
  const size = asNumber(value);
  if (size > Number.MAX_SAFE_INTEGER) throw bad(`a size of ${size} bytes`, 'one below 2^53', 'too-large');
  return size;
}

/** The fields of a Protocol Buffers message of varints and byte strings, in order; numbers from 2^53 on are rounded. */
function* readFields(data: Octets): Iterable<[number, number | Octets]> {
  let at = 0;
  const varint = (): number => {
    let number = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const octet = data[at++];
      if (octet === undefined || (count === 9 && octet > 1)) break;
      number += (octet & 0x7f) * scale;
      if (octet === 0 && count > 0) break;
      if (octet < 0x80) return number;
      scale *= 128;
    }
    throw bad('a varint that is cut, too long or not the shortest', 'its shortest form, below 2^64', 'bad-varint');
  };
  while (at < data.length) {
    const wire = data[at]! & 7;
    const field = Math.floor(varint() / 8);
    const value = varint();
    if (field === 0 || (wire !== 0 && wire !== 2)) throw bad(`field ${field} of type ${wire}`, 'a numbered varint or byte string', 'bad-protobuf');
    if (wire === 0) {
      yield [field, value];
      continue;
    }
    if (value > data.length - at) throw bad(`${data.length - at} bytes of a field`, String(value), 'bad-protobuf');
    yield [field, data.subarray(at, at + value)];
    at += value;
  }
}
