/** What stands behind a score: of each author the newest word that counts, proved by its chain of keys. */

import { beforeEach, describe, expect, test } from 'vitest';
import { signer } from '../src/identity/feed';
import { newBody, writeRecord, type Written } from '../src/identity/writing';
import { Cid } from '../src/verify/cid';
import { encode, type Fields } from '../src/verify/dagcbor';
import { compare, type Octets } from '../src/verify/octets';
import { Shelf } from '../src/verify/shelf';

const BORN_MS = 1_700_000_000_000;
const FILM = 'movielens:1';

/** One key and the feed that it signs. */
class Writer {
  readonly written: Written[] = [];
  private constructor(
    private readonly key: CryptoKey,
    readonly device: Octets,
  ) {}

  static async made(): Promise<Writer> {
    const keys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
    return new Writer(keys.privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey)));
  }

  async write(author: Cid | null, kind: string, fields: Fields, atMs: number): Promise<Written> {
    const last = this.written.at(-1);
    const place = { author, device: this.device, seq: this.written.length, prev: last?.record.id ?? null, time: BORN_MS + atMs };
    const body = newBody(kind, crypto.getRandomValues(new Uint8Array(16)), fields);
    this.written.push(await writeRecord(signer(this.key), place, kind, body));
    return this.written.at(-1)!;
  }
}

let root: Writer;
let device: Writer;
let author: Cid;

beforeEach(async () => {
  [root, device] = [await Writer.made(), await Writer.made()];
  author = (await root.write(null, 'inception', { root: root.device, next: new Uint8Array(32) }, 0)).record.id;
  await root.write(author, 'delegate', { device: device.device, name: 'page' }, 1);
});

const rate = (stars: number | null, atMs: number, film = FILM): Promise<Written> => device.write(author, 'rating', { ratings: [[film, stars]] }, atMs);

function list(...without: Written[]): Octets {
  const all = [...root.written, ...device.written];
  return encode(all.map((one) => [one.block, without.includes(one) ? null : one.body]));
}

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
    await device.write(author, 'retraction', { records: [second.record.id], reason: '' }, 4);
    expect((await shown()).map(([id]) => id)).toEqual([first.record.id.text]);
  });
  test('are without a device that was revoked before', async () => {
    await rate(9, 2);
    await root.write(author, 'revocation', { device: device.device, seq: -1, head: null, reason: 'lost' }, 3);
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
    const stranger = encode([root.written[0]!, device.written[0]!].map((one) => [one.block, one.body]));
    await expect(shown(stranger)).rejects.toThrow('before its device');
  });
});
