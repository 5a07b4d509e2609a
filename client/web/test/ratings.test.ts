/** What stands behind a score: of each author the newest word that counts, proved by its chain of keys. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { Written } from '../src/identity/writing';
import type { Cid } from '../src/verify/cid';
import { encode } from '../src/verify/dagcbor';
import { compare, type Octets } from '../src/verify/octets';
import { Shelf } from '../src/verify/shelf';
import { BORN_MS, listOf, Person } from './writer';

const FILM = 'movielens:1';

let person: Person;
let author: Cid;

beforeEach(async () => {
  person = await Person.born();
  author = person.id;
});

const rate = (stars: number | null, atMs: number, film = FILM): Promise<Written> => person.sign('rating', { ratings: [[film, stars]] }, atMs);

const list = (...without: Written[]): Octets => listOf([person], ...without);

async function shown(data = list()): Promise<(string | number)[][]> {
  const shelf = new Shelf(() => BORN_MS + 1_000);
  await shelf.admit(data);
  return shelf.ratings(FILM).map((one) => [one.record, one.author, one.stars, one.time]);
}

describe('the ratings of a film', () => {
  test('are of each author the newest', async () => {
    await rate(4, 2);
    const newest = await rate(9, 3);
    await rate(1, 4, 'movielens:2');
    expect(await shown()).toEqual([[newest.record.id.text, author.text, 9, BORN_MS + 3]]);
  });
  test('of one time, the greater id holds', async () => {
    const both = [await rate(4, 2), await rate(9, 2)];
    const greater = both.map((one) => one.record.id).sort((a, b) => compare(b.bytes, a.bytes))[0]!;
    expect((await shown()).map(([id]) => id)).toEqual([greater.text]);
  });
  test('are none when the last word withdrew', async () => {
    await rate(4, 2);
    await rate(null, 3);
    expect(await shown()).toEqual([]);
  });
  test('are without what their author took back', async () => {
    const first = await rate(4, 2);
    const second = await rate(9, 3);
    await person.sign('retraction', { records: [second.record.id], reason: '' }, 4);
    expect((await shown()).map(([id]) => id)).toEqual([first.record.id.text]);
  });
  test('are without a device that was revoked before', async () => {
    await rate(9, 2);
    await person.root.write(author, 'revocation', { device: person.device.device, seq: -1, head: null, reason: 'lost' }, 3);
    expect(await shown()).toEqual([]);
  });
  test('are read where bodies of other records are left out, and complete themselves when those come', async () => {
    const first = await rate(4, 2);
    const second = await rate(9, 3);
    const shelf = new Shelf(() => BORN_MS + 1_000);
    await shelf.admit(list(second));
    expect(shelf.ratings(FILM).map((one) => one.record)).toEqual([first.record.id.text]);
    await shelf.admit(list());
    expect(shelf.ratings(FILM).map((one) => one.record)).toEqual([second.record.id.text]);
  });
  test('by a device that nobody admitted are refused', async () => {
    await rate(9, 2);
    const stranger = encode([person.root.written[0]!, person.device.written[0]!].map((one) => [one.block, one.body]));
    await expect(shown(stranger)).rejects.toThrow('before its device');
  });
});
