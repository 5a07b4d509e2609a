/** The browser's auditor and the node's agree on every line of every frozen bundle, sound and tampered with. */

import { describe, expect, test } from 'vitest';
import { audit } from '../src/audit/audit';
import type { Shipped } from '../src/audit/code';
import { keccakHex, keccakText } from '../src/audit/keccak';
import { decode, encode, uint } from '../src/audit/rlp';
import { Cid } from '../src/verify/cid';
import { encode as cbor } from '../src/verify/dagcbor';
import { fromHex, join, toHex, type Octets } from '../src/verify/octets';
import { vectors } from './vectors';

interface Case {
  readonly name: string;
  readonly blocks: readonly number[];
  readonly lines: number;
}
interface Changed {
  readonly name: string;
  readonly flip?: readonly [number, number];
  readonly cut?: number;
  readonly more?: string;
  readonly lines: number;
}

const found = vectors<{
  shipped: Shipped;
  blocks: readonly (readonly [string, string])[];
  cases: readonly Case[];
  changed: readonly Changed[];
  verdicts: readonly (readonly string[])[];
}>('audit');
const blocks = found.blocks.map(([cid, hex]) => [Cid.parse(cid), fromHex(hex)] as const);

function varint(value: number): Octets {
  const octets: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    octets.push(left < 128 ? left : (left % 128) | 0x80);
    if (left < 128) return Uint8Array.from(octets);
  }
}

function carOf(numbers: readonly number[]): Octets {
  const header = cbor({ roots: [blocks[numbers[0]!]![0]], version: 1 });
  const sections = numbers.flatMap((at) => {
    const [cid, block] = blocks[at]!;
    return [varint(36 + block.length), cid.bytes, block];
  });
  return join([varint(header.length), header, ...sections]);
}

async function linesOf(car: Octets): Promise<string[]> {
  const report = await audit(car, found.shipped);
  return report.lines.map((line) => (line.isHeld ? '+ ' : '- ') + line.check);
}

function changedBy({ flip, cut, more }: Changed): Octets {
  const car = carOf(found.cases[0]!.blocks).slice();
  if (flip !== undefined) car[flip[0]]! ^= flip[1];
  if (cut !== undefined) return car.slice(0, cut);
  return more === undefined ? car : join([car, fromHex(more)]);
}

describe('bundles', () => {
  test('are many', () => expect(found.cases.length + found.changed.length).toBeGreaterThan(200));
  test.each(found.cases)('$name', async ({ blocks: numbers, lines }) => {
    expect(await linesOf(carOf(numbers))).toEqual(found.verdicts[lines]);
  });
  test.each(found.changed)('$name', async (changed) => {
    expect(await linesOf(changedBy(changed))).toEqual(found.verdicts[changed.lines]);
  });
});

describe('the report', () => {
  const sound = carOf(found.cases[0]!.blocks);
  test('names what was audited and what it rests on', async () => {
    const report = await audit(sound, found.shipped);
    expect([report.isHeld, report.sort, report.name, report.witnesses]).toEqual([true, 'film', 'A Film', 1]);
    expect(report.block).toBe(7);
    expect(report.lines.find((line) => line.check === 'shares')?.found).toMatch(/holds 7000/);
  });
  test('comes line by line', async () => {
    const told: string[] = [];
    const report = await audit(sound, found.shipped, (line) => told.push(line.check));
    expect(told).toEqual(report.lines.map((line) => line.check));
  });
  test('trusts no contract but the shipped ones', async () => {
    const report = await audit(sound, { ...found.shipped, bond: '1' });
    expect(report.lines.filter((line) => !line.isHeld).map((line) => line.check)).toEqual(['contract Disputes']);
  });
  test('of anything at all is a report', async () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0), new TextEncoder().encode('<html>')]) {
      expect((await audit(bytes, found.shipped)).isHeld).toBe(false);
    }
  });
});

describe('the parts', () => {
  test('Keccak-256 gives the known digests', () => {
    expect(toHex(keccakText(''))).toBe('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
    expect(toHex(keccakText('abc'))).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
    expect(keccakHex(new Uint8Array(200).fill(0xa3))).toBe('3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a');
  });
  test('RLP has one form both ways', () => {
    for (const item of [new Uint8Array(0), Uint8Array.of(0x7f), Uint8Array.of(0x80), new Uint8Array(60), [uint(1024), [new Uint8Array(0)]]]) {
      expect(decode(encode(item))).toEqual(item);
    }
    for (const hex of ['8100', 'b80100', 'c180', '83ffff', '']) {
      if (hex !== 'c180') expect(() => decode(fromHex(hex))).toThrow();
    }
  });
});
