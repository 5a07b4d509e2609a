/** Files and folders are read through their ids, and what is malformed is refused before a byte is used. */

import { describe, expect, test } from 'vitest';
import { Cid, DAG_CBOR, DAG_PB, RAW } from '../src/verify/cid';
import { join, type Octets } from '../src/verify/octets';
import { Refused } from '../src/verify/refused';
import { Tree } from '../src/verify/tree';
import { parseNode } from '../src/verify/unixfs';

const NEVER = new AbortController().signal;
const utf8 = (text: string): Octets => new TextEncoder().encode(text);

/** Blocks made here, by id. */
class Blocks {
  readonly held = new Map<string, Octets>();
  readonly asked: string[] = [];

  readonly get = async (cid: Cid): Promise<Octets> => {
    this.asked.push(cid.text);
    const block = this.held.get(cid.text);
    if (block === undefined) throw new Error(`no block ${cid}`);
    return block;
  };

  async put(block: Octets, codec: number): Promise<Cid> {
    const cid = await Cid.of(block, codec);
    this.held.set(cid.text, block);
    return cid;
  }

  /** A file in pieces, as the node imports one. */
  async file(pieces: readonly Octets[]): Promise<Cid> {
    const leaves = await Promise.all(pieces.map((piece) => this.put(piece, RAW)));
    const size = pieces.reduce((whole, piece) => whole + piece.length, 0);
    const sizes = pieces.map((piece) => number(4, piece.length));
    const data = join([number(1, 2), number(3, size), ...sizes]);
    return this.put(join([...leaves.map((leaf) => link(leaf, '')), field(1, data)]), DAG_PB);
  }

  folder(entries: readonly (readonly [string, Cid])[]): Promise<Cid> {
    return this.put(join([...entries.map(([name, cid]) => link(cid, name)), field(1, number(1, 1))]), DAG_PB);
  }
}

function varint(value: number): Octets {
  const out: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return Uint8Array.of(...out, value);
}
const number = (name: number, value: number): Octets => join([varint(name << 3), varint(value)]);
const field = (name: number, data: Octets): Octets => join([varint((name << 3) | 2), varint(data.length), data]);
const link = (cid: Cid, name: string): Octets => field(2, join([field(1, cid.bytes), field(2, utf8(name)), number(3, 0)]));

async function reasonOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a tree', () => {
  test('gives the bytes of a file by its path, and asks for no block beside it', async () => {
    const blocks = new Blocks();
    const film = await blocks.file([utf8('one '), utf8('two '), utf8('three')]);
    const other = await blocks.put(utf8('other'), RAW);
    const root = await blocks.folder([
      ['720', await blocks.folder([['a.m4s', film]])],
      ['b', other],
    ]);
    const tree = new Tree(blocks.get);
    expect(new TextDecoder().decode(await tree.file(root, '720/a.m4s', 100, NEVER))).toBe('one two three');
    expect(blocks.asked).not.toContain(other.text);
    expect(blocks.asked).toHaveLength(6);
  });

  test('refuses a way out, a name that is not there, a folder as a file, and a file that is too long', async () => {
    const blocks = new Blocks();
    const root = await blocks.folder([['a', await blocks.file([utf8('one'), utf8('two')])]]);
    const tree = new Tree(blocks.get);
    expect(await reasonOf(() => tree.file(root, '../a', 100, NEVER))).toBe('bad-path');
    expect(await reasonOf(() => tree.file(root, 'b', 100, NEVER))).toBe('no-entry');
    expect(await reasonOf(() => new Tree(blocks.get).file(root, 'a/b', 100, NEVER))).toBe('no-entry');
    expect(await reasonOf(() => tree.file(root, 'a', 5, NEVER))).toBe('too-long');
    const deep = await blocks.folder([['c', root]]);
    expect(await reasonOf(() => tree.file(deep, 'c', 100, NEVER))).toBe('not-a-file');
  });

  test('refuses a part of another size than its parent says', async () => {
    const blocks = new Blocks();
    const leaf = await blocks.put(utf8('four'), RAW);
    const data = join([number(1, 2), number(3, 5), number(4, 5)]);
    const root = await blocks.put(join([link(leaf, ''), field(1, data)]), DAG_PB);
    expect(await reasonOf(() => new Tree(blocks.get).file(root, 'x', 9, NEVER))).toBe('no-entry');
    const folder = await blocks.folder([['x', root]]);
    expect(await reasonOf(() => new Tree(blocks.get).file(folder, 'x', 9, NEVER))).toBe('bad-node');
  });
});

describe('a node', () => {
  const REFUSED: [string, Octets, string][] = [
    ['no data', new Uint8Array(0), 'bad-node'],
    ['a symbolic link', field(1, number(1, 4)), 'unsupported-node'],
    ['a sharded folder', field(1, number(1, 5)), 'unsupported-node'],
    ['content in a folder', field(1, join([number(1, 1), field(2, utf8('x'))])), 'bad-node'],
    ['a size that is not its own', field(1, join([number(1, 2), field(2, utf8('x')), number(3, 2)])), 'bad-node'],
    ['data twice', join([field(1, number(1, 1)), field(1, number(1, 1))]), 'bad-node'],
    ['a varint with a zero at its end', Uint8Array.of(0x0a, 0x82, 0x00, 0x08, 0x01), 'bad-varint'],
    ['a field that is cut', Uint8Array.of(0x0a, 0x05, 0x08), 'bad-protobuf'],
    ['a link without a hash', join([field(2, field(2, utf8('a'))), field(1, number(1, 1))]), 'bad-node'],
    ['a link of another hash', join([field(2, field(1, utf8('a'))), field(1, number(1, 1))]), 'bad-cid'],
  ];
  test.each(REFUSED)('with %s is refused', async (_, block, reason) => {
    const cid = await Cid.of(block, DAG_PB);
    expect(await reasonOf(() => parseNode(cid, block))).toBe(reason);
  });

  test.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256)])('with the entry “%s” is refused', async (name) => {
    const leaf = await Cid.of(utf8('x'), RAW);
    const block = join([link(leaf, name), field(1, number(1, 1))]);
    const cid = await Cid.of(block, DAG_PB);
    expect(await reasonOf(() => parseNode(cid, block))).toBe('bad-node');
  });

  test('of another codec is no file', async () => {
    const cid = await Cid.of(utf8('x'), DAG_CBOR);
    expect(await reasonOf(() => parseNode(cid, utf8('x')))).toBe('unsupported-node');
  });
});
