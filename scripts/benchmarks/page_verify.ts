/** Reads files as long as segments through the page's own checks, and hashes the same blocks alone: which is how fast? */

import { Cid, DAG_PB, RAW } from '../../client/web/src/verify/cid';
import { join, sha256, type Octets } from '../../client/web/src/verify/octets';
import { Tree } from '../../client/web/src/verify/tree';

const BLOCK = 256 << 10;
const BLOCKS = 8;
const FILES = 16;
const AT_ONCE = 6;
const RUNS = 25;

function varint(value: number): Octets {
  const out: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return Uint8Array.of(...out, value);
}
const number = (name: number, value: number): Octets => join([varint(name << 3), varint(value)]);
const field = (name: number, data: Octets): Octets => join([varint((name << 3) | 2), varint(data.length), data]);
const link = (cid: Cid, name: string): Octets => field(2, join([field(1, cid.bytes), field(2, new TextEncoder().encode(name)), number(3, 0)]));

const held = new Map<string, Octets>();

async function put(block: Octets, codec: number): Promise<Cid> {
  const cid = await Cid.of(block, codec);
  held.set(cid.text, block);
  return cid;
}

async function filled(): Promise<Cid> {
  const files: Cid[] = [];
  for (let at = 0; at < FILES; at++) files.push(await segment());
  return put(join([...files.map((file, at) => link(file, `${at}.m4s`)), field(1, number(1, 1))]), DAG_PB);
}

async function segment(): Promise<Cid> {
  const leaves: Cid[] = [];
  for (let at = 0; at < BLOCKS; at++) {
    const block = new Uint8Array(BLOCK);
    for (let from = 0; from < BLOCK; from += 65_536) crypto.getRandomValues(block.subarray(from, from + 65_536));
    leaves.push(await put(block, RAW));
  }
  const data = join([number(1, 2), number(3, BLOCK * BLOCKS), ...leaves.map(() => number(4, BLOCK))]);
  return put(join([...leaves.map((leaf) => link(leaf, '')), field(1, data)]), DAG_PB);
}

async function checked(root: Cid): Promise<number> {
  const tree = new Tree(async (cid) => {
    const block = held.get(cid.text)!;
    if (!(await cid.isOf(block))) throw new Error('another block');
    return block;
  });
  const began = performance.now();
  for (let at = 0; at < FILES; at++) {
    const found = await tree.file(root, `${at}.m4s`, BLOCK * BLOCKS, new AbortController().signal);
    if (found.length !== BLOCK * BLOCKS) throw new Error('another length');
  }
  return performance.now() - began;
}

async function hashed(): Promise<number> {
  const blocks = [...held.values()].filter((block) => block.length === BLOCK);
  const began = performance.now();
  for (let at = 0; at < blocks.length; at += AT_ONCE) await Promise.all(blocks.slice(at, at + AT_ONCE).map(sha256));
  return performance.now() - began;
}

const root = await filled();
const ratios: number[] = [];
let fastest = Infinity;
await checked(root);
await hashed();
for (let run = 0; run < RUNS; run++) {
  const alone = await hashed();
  const whole = await checked(root);
  fastest = Math.min(fastest, whole);
  ratios.push(alone / whole);
}
postMessage({ ratios, mbPerS: (BLOCK * BLOCKS * FILES) / 1000 / fastest });
