/** Laws of what is checked in the browser, on values that fast-check thinks of. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Written } from '../src/identity/writing';
import { Cid, DAG_CBOR, DAG_PB, RAW } from '../src/verify/cid';
import { decode, encode, Float, type Value } from '../src/verify/dagcbor';
import { isSame, type Octets } from '../src/verify/octets';
import { parseRecord, verifyRecord } from '../src/verify/record';
import { Refused } from '../src/verify/refused';
import { Shelf } from '../src/verify/shelf';
import { parseNode } from '../src/verify/unixfs';
import { BORN_MS, Person } from './writer';

// The same values in every run.
fc.configureGlobal({ seed: 20, numRuns: 200 });

const FILM = 'movielens:1';

const octets = (maxLength: number): fc.Arbitrary<Octets> => fc.uint8Array({ maxLength }).map((data) => new Uint8Array(data));
const codec = fc.constantFrom(RAW, DAG_PB, DAG_CBOR);
const cid = fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), codec).map(([digest, of]) => Cid.fromBytes(Uint8Array.of(1, of, 0x12, 0x20, ...digest)));

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).map((big) => (Number.isSafeInteger(Number(big)) ? Number(big) : big)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => new Float(double)),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    octets(20),
    cid,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), tie('value'), { maxKeys: 4 }),
  ),
}));

/** Whether `work` refuses by name; anything else that it throws is a fault. */
async function isRefused(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof Refused) return true;
    throw error;
  }
}

describe('dag-cbor', () => {
  test('gives back every value, in one form', () => {
    fc.assert(
      fc.property(value, (one) => {
        const written = encode(one);
        expect(isSame(encode(decode(written)), written)).toBe(true);
      }),
    );
  });

  test('of strangers is that one form, or refused', async () => {
    await fc.assert(
      fc.asyncProperty(value, fc.nat(), fc.integer({ min: 1, max: 255 }), async (one, place, flip) => {
        const changed = encode(one);
        changed[place % changed.length]! ^= flip;
        if (!(await isRefused(() => decode(changed)))) expect(isSame(encode(decode(changed)), changed)).toBe(true);
      }),
    );
  });
});

test('an id has one text and one form in bytes', () => {
  fc.assert(
    fc.property(cid, (one) => {
      expect(Cid.parse(one.text).text).toBe(one.text);
      expect(Cid.fromBytes(one.bytes).text).toBe(one.text);
    }),
  );
});

test('whatever is read as a block of a file is a node or refused', async () => {
  await fc.assert(
    fc.asyncProperty(octets(120), codec, async (block, of) => {
      const id = await Cid.of(block, of);
      await isRefused(() => parseNode(id, block));
    }),
  );
});

test('no bit of a record can change', async () => {
  const person = await Person.born();
  const { block } = await person.sign('rating', { ratings: [[FILM, 7]] }, 2);
  await fc.assert(
    fc.asyncProperty(fc.nat(block.length - 1), fc.nat(7), async (place, bit) => {
      const changed = new Uint8Array(block);
      changed[place]! ^= 1 << bit;
      expect(await isRefused(async () => verifyRecord(await parseRecord(changed)))).toBe(true);
    }),
  );
});

test('what a shelf shows hangs on the records alone, not on their order, nor on how often they come', async () => {
  const people = [await Person.born(), await Person.born()];
  for (const [at, person] of people.entries()) {
    // All at one time, so that the greatest id holds.
    for (const stars of [3, 9, 6 + at]) await person.sign('rating', { ratings: [[FILM, stars]] }, 5);
  }
  const feeds = people.flatMap(({ root, device }) => [root.written, device.written]);
  const first = await shown(feeds.flat());
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(3)), fc.nat(3), async (turns, again) => {
      // Any way of taking turns that keeps each feed's own order, a root before its device, and one feed twice.
      const left = feeds.map((feed) => [...feed]);
      const order: Written[] = [];
      while (left.some((feed) => feed.length)) {
        const turn = turns.next().value as number;
        const at = turn % 2 === 1 && left[turn - 1]!.length ? turn - 1 : turn;
        const next = left[at]!.shift();
        if (next) order.push(next);
      }
      expect(await shown([...order, ...feeds[again]!])).toEqual(first);
    }),
    { numRuns: 30 },
  );
  expect(first.length).toBe(2);
});

async function shown(written: readonly Written[]): Promise<unknown[]> {
  const shelf = new Shelf(() => BORN_MS + 1_000);
  await shelf.admit(encode(written.map((one) => [one.block, one.body])));
  return shelf.ratings(FILM).map((one) => [one.author, one.stars]).sort();
}
