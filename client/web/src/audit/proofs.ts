/** Headers, and what a state root proves: Merkle Patricia tries (Yellow Paper, appendix D), accounts and slots (EIP-1186). */

import { isSame, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { keccak, keccakHex } from './keccak';
import { decode, decodeUint, encode, type Item } from './rlp';

const EMPTY_ROOT = keccakHex(encode(new Uint8Array(0)));
const HASHES: ReadonlySet<number> = new Set([0, 1, 3, 4, 5, 13, 16, 19, 20]);
const SIZES: ReadonlyMap<number, number> = new Map([[2, 20], [6, 256], [14, 8]]); // prettier-ignore
const SCALARS = [7, 8, 9, 10, 11, 15, 17, 18];

/** What an auditor uses of a block header; `time` in seconds. */
export interface Header {
  readonly hash: Octets;
  readonly number: number;
  readonly time: number;
  readonly stateRoot: Octets;
}

/** One account of the state. */
export interface Account {
  readonly balance: bigint;
  readonly storageRoot: Octets;
  readonly codeHash: Octets;
}

export interface SlotProof {
  readonly slot: string;
  readonly nodes: readonly Octets[];
}

export interface AccountProof {
  readonly address: string;
  readonly nodes: readonly Octets[];
  readonly slots: readonly SlotProof[];
}

function bad(sentence: string): Refused {
  return new Refused('bad-proof', sentence);
}

/** Reads a header from its RLP; throws `Refused` (`bad-header`, `bad-rlp`). */
export function parseHeader(data: Octets): Header {
  const fields = decode(data);
  if (!Array.isArray(fields) || fields.length < 15 || fields.length > 21) {
    throw new Refused('bad-header', 'found no RLP list of 15 to 21 fields, expected a block header');
  }
  const flat = fields.map((field, at) => {
    if (Array.isArray(field)) throw new Refused('bad-header', 'found a list within a block header, expected bytes');
    const size = HASHES.has(at) ? 32 : SIZES.get(at);
    if (size !== undefined && field.length !== size) {
      throw new Refused('bad-header', `found ${field.length} bytes in header field ${at}, expected ${size}`);
    }
    return field;
  });
  const scalars = new Map(SCALARS.filter((at) => at < flat.length).map((at) => [at, decodeUint(flat[at]!)]));
  const [number, time] = [scalars.get(8)!, scalars.get(11)!];
  if (number >= 1n << 53n || time >= 1n << 53n) throw new Refused('bad-header', 'found a height or time beyond 53 bits');
  return { hash: keccak(data), number: Number(number), time: Number(time), stateRoot: flat[3]! };
}

/** The account at an address (20 bytes) under a state root; throws `Refused`. */
export function readAccount(stateRoot: Octets, address: Octets, nodes: readonly Octets[]): Account {
  const value = readValue(stateRoot, keccak(address), new Way(nodes));
  if (value === null) return { balance: 0n, storageRoot: bytesOf(EMPTY_ROOT), codeHash: keccak(new Uint8Array(0)) };
  const fields = decode(value);
  if (!Array.isArray(fields) || fields.length !== 4) throw bad('found another value in the state trie, expected an account');
  const [nonce, balance, storageRoot, codeHash] = fields.map((field) => (Array.isArray(field) ? Uint8Array.of(0) : field));
  if (storageRoot!.length !== 32 || codeHash!.length !== 32) throw bad('found a short hash in an account, expected 32 bytes');
  decodeUint(nonce!);
  return { balance: decodeUint(balance!), storageRoot: storageRoot!, codeHash: codeHash! };
}

/** The word in a slot (64 hexadecimal digits) under a storage root; throws `Refused`. */
export function readSlot(storageRoot: Octets, slot: string, way: Way | Pool): bigint {
  const value = readValue(storageRoot, keccak(bytesOf(slot)), way);
  if (value === null) return 0n;
  const word = decode(value);
  if (Array.isArray(word) || word.length === 0) throw bad('found another value in the storage trie, expected a non-zero word');
  return decodeUint(word);
}

/** The nodes of one proof, each taken once and in order. */
export class Way {
  private next = 0;

  constructor(private readonly nodes: readonly Octets[]) {}

  take(reference: Octets): Item[] {
    const data = this.nodes[this.next];
    if (data === undefined) throw bad(`found the end of the proof, expected the trie node ${toHex(reference)}`);
    const found = keccak(data);
    if (!isSame(found, reference)) throw bad(`found trie node ${toHex(found)}, expected ${toHex(reference)}`);
    this.next++;
    return listOf(decode(data));
  }

  /** Passes over a node that some list although it lies within its parent. */
  skip(data: Octets): void {
    const next = this.nodes[this.next];
    if (next !== undefined && isSame(next, data)) this.next++;
  }

  verifyEnd(): void {
    const left = this.nodes.length - this.next;
    if (left) throw bad(`found ${left} trie nodes beyond the end of the path, expected none`);
  }
}

/** Trie nodes by their hash, in no order, for many proofs; a pool may lie over another one. */
export class Pool {
  private readonly nodes = new Map<string, Item[]>();
  private readonly left: Set<string>;

  constructor(
    nodes: readonly Octets[],
    private readonly under: Pool | null = null,
  ) {
    for (const node of nodes) this.nodes.set(keccakHex(node), listOf(decode(node)));
    this.left = new Set(this.nodes.keys());
  }

  get unused(): number {
    return this.left.size;
  }

  take(reference: Octets): Item[] {
    const key = toHex(reference);
    const node = this.nodes.get(key);
    if (node !== undefined) {
      this.left.delete(key);
      return node;
    }
    if (this.under === null) throw bad(`found no trie node ${key}, expected it among those of the proof`);
    return this.under.take(reference);
  }

  skip(): void {}

  verifyEnd(): void {}
}

function readValue(root: Octets, key: Octets, way: Way | Pool): Octets | null {
  if (toHex(root) === EMPTY_ROOT) return ended(way, encode(new Uint8Array(0)));
  let path = nibbles(key);
  let node = way.take(root);
  for (;;) {
    let child: Item;
    if (node.length === 17) {
      if (path.length === 0) {
        way.verifyEnd();
        const value = octetsOf(node[16]!);
        return value.length ? value : null;
      }
      child = node[path[0]!]!;
      path = path.slice(1);
    } else if (node.length === 2) {
      const [part, isLeaf] = unpack(node[0]!);
      const isOnWay = part.every((nibble, at) => path[at] === nibble);
      if (isLeaf) {
        way.verifyEnd();
        return isOnWay && part.length === path.length ? octetsOf(node[1]!) : null;
      }
      if (!isOnWay) return ended(way, null);
      child = node[1]!;
      path = path.slice(part.length);
    } else throw bad(`found a trie node of ${node.length} items, expected 2 or 17`);
    if (!Array.isArray(child) && child.length === 0) return ended(way, null);
    node = follow(child, way);
  }
}

function ended(way: Way | Pool, passed: Octets | null): null {
  if (passed !== null) way.skip(passed);
  way.verifyEnd();
  return null;
}

function follow(child: Item, way: Way | Pool): Item[] {
  if (Array.isArray(child)) {
    way.skip(encode(child));
    return child;
  }
  if (child.length !== 32) throw bad(`found a trie reference of ${child.length} bytes, expected 32`);
  return way.take(child);
}

function nibbles(key: Uint8Array): number[] {
  return Array.from(key).flatMap((octet) => [octet >> 4, octet & 15]);
}

function unpack(item: Item): [number[], boolean] {
  const data = octetsOf(item);
  const flag = data.length ? data[0]! >> 4 : 4;
  if (flag > 3 || (!(flag & 1) && data[0]! & 15)) throw bad(`found the trie path ${toHex(data.slice(0, 8))}, expected hex-prefix`);
  const path = nibbles(data);
  return [path.slice(flag & 1 ? 1 : 2), flag >= 2];
}

function octetsOf(item: Item): Octets {
  if (Array.isArray(item)) throw bad('found a list in a trie node, expected bytes');
  return item;
}

function listOf(item: Item): Item[] {
  if (!Array.isArray(item)) throw bad('found bytes, expected a trie node as a list');
  return item;
}

function bytesOf(hex: string): Octets {
  return Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}
