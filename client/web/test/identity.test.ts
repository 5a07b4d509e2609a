/** The page's own device: what it signs is what the node would sign, and no seq is ever signed twice. */

import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Drawer, DeviceKey, Kept } from '../src/identity/drawer';
import { Ended, Feed, NotTaken, signer, type Standing, type Taker, type World } from '../src/identity/feed';
import { newBody, writeRecord } from '../src/identity/writing';
import { Cid } from '../src/verify/cid';
import { decode, encode, type Fields } from '../src/verify/dagcbor';
import { Feeds } from '../src/verify/feeds';
import { fromHex, join, toHex, type Octets } from '../src/verify/octets';
import { parseRecord, readBody, verifyRecord, type Record } from '../src/verify/record';
import { Refused, Unavailable } from '../src/verify/refused';
import { bytesOf, vectors } from './vectors';

vi.stubGlobal('location', new URL('http://localhost/'));

// The head of a PKCS #8 document of an Ed25519 seed (RFC 8410).
const PKCS8 = fromHex('302e020100300506032b657004220420');
const BORN_MS = 1_700_000_000_000;

function keyOf(seed: Octets): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', join([PKCS8, seed]), 'Ed25519', false, ['sign']);
}

describe('writing', () => {
  const { valid } = vectors<{ valid: { seed: string; block: string; id: string; body: string }[] }>('records');
  test.each(valid)('the record $id is written byte for byte', async ({ seed, block, id, body }) => {
    const told = (decode(bytesOf(block)) as Fields)['header'] as Fields;
    const place = {
      author: told['author'] as Cid | null,
      device: told['device'] as Octets,
      seq: told['seq'] as number,
      prev: told['prev'] as Cid | null,
      time: told['time'] as number,
    };
    const written = await writeRecord(signer(await keyOf(bytesOf(seed))), place, told['kind'] as string, bytesOf(body));
    expect([toHex(written.block), written.record.id.text, toHex(written.body)]).toEqual([block, id, body]);
  });
  test('a body is written as the vectors have it', () => {
    const { body } = valid[1]!;
    const { nonce, ...fields } = decode(bytesOf(body)) as Fields;
    expect(toHex(newBody('rating', nonce as Octets, fields))).toBe(body);
  });
  test.each([[[]], [[['movielens:1', 11]]], [[['movielens:1', 9], ['movielens:1', 8]]], [[['First Light', 9]]]])('ratings like %j are not written', (ratings) => {
    expect(() => newBody('rating', new Uint8Array(16), { ratings })).toThrow(Refused);
  });
  test('a signature by another key is found before the record leaves', async () => {
    const { seed, body } = valid[1]!;
    const place = { author: Cid.parse(valid[0]!.id), device: new Uint8Array(32).fill(7), seq: 0, prev: null, time: BORN_MS };
    await expect(writeRecord(signer(await keyOf(bytesOf(seed))), place, 'rating', bytesOf(body))).rejects.toThrow(Refused);
  });
});

/** A drawer in memory that several tabs share. */
class Memory implements Drawer {
  readonly held = new Map<number, Kept>();
  puts = 0;
  key = async (): Promise<DeviceKey | null> => null;
  putKey = async (): Promise<void> => undefined;
  dropKey = async (): Promise<void> => undefined;
  records = async (): Promise<readonly Kept[]> => [...this.held.values()].sort((a, b) => a.seq - b.seq);
  async putRecord(kept: Kept): Promise<void> {
    const before = this.held.get(kept.seq);
    if (before !== undefined && before.id !== kept.id) throw new Error(`two records of seq ${kept.seq}`);
    this.puts++;
    this.held.set(kept.seq, kept);
  }
}

let root: { key: CryptoKey; device: Octets };
let page: DeviceKey;
let opening: Kept;

/** A node that folds what it is sent as a real one does. */
class Fold implements Taker {
  feeds = new Feeds();
  readonly taken: Record[] = [];
  admissions = 0;
  isRevoked = false;
  losesAnswer = false;
  isAway = false;
  private last: Record | null = null;
  private key: Kept | null = null;

  static async born(): Promise<Fold> {
    const fold = new Fold();
    await fold.take(opening);
    return fold;
  }

  async standing(): Promise<Standing | null> {
    if (this.isAway) throw new Unavailable('away');
    if (this.key === null) return null;
    const last = this.last;
    if (this.isRevoked) return { next: null };
    return { next: { seq: last ? last.header.seq + 1 : 0, prev: last?.id.text ?? null, time_ms: last ? last.header.time + 1 : 0 } };
  }

  async admit(device: string, name: string): Promise<void> {
    this.admissions++;
    const place = { author: Cid.parse(opening.id), device: root.device, seq: 1, prev: Cid.parse(opening.id), time: BORN_MS + 1 };
    const body = newBody('delegate', new Uint8Array(16), { device: fromHex(device), name });
    const { record, block } = await writeRecord(signer(root.key), place, 'delegate', body);
    this.key = { device: '', seq: 1, id: record.id.text, time: 0, block, body, isTaken: true };
    await this.take(this.key);
  }

  async send(records: readonly Kept[]): Promise<string | null> {
    for (const one of records) {
      const record = await parseRecord(one.block);
      if (this.taken.some((held) => held.id.equals(record.id))) continue;
      if ((await this.feeds.missing(record, Infinity)) !== null) return 'found a gap';
      await this.take(one);
      this.last = record;
    }
    if (!this.losesAnswer) return null;
    this.losesAnswer = false;
    throw new Unavailable('cut');
  }

  /** As a node whose disk was put back to what it was before the page's records. */
  async forget(): Promise<void> {
    [this.feeds, this.last] = [new Feeds(), null];
    this.taken.length = 0;
    await this.take(opening);
    await this.take(this.key!);
  }

  private async take(one: Kept): Promise<void> {
    const record = await parseRecord(one.block);
    await verifyRecord(record);
    const fields = await readBody(record, one.body);
    await this.feeds.verify(record, fields);
    await this.feeds.apply(record, fields);
    this.taken.push(record);
  }
}

beforeAll(async () => {
  const keys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  const own = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = async (key: CryptoKey): Promise<Octets> => new Uint8Array(await crypto.subtle.exportKey('raw', key));
  root = { key: keys.privateKey, device: await raw(keys.publicKey) };
  const body = newBody('inception', new Uint8Array(16), { root: root.device, next: new Uint8Array(32) });
  const place = { author: null, device: root.device, seq: 0, prev: null, time: BORN_MS };
  const { record, block } = await writeRecord(signer(root.key), place, 'inception', body);
  opening = { device: '', seq: 0, id: record.id.text, time: BORN_MS, block, body, isTaken: true };
  page = { author: record.id.text, device: toHex(await raw(own.publicKey)), name: 'page in Chrome', keys: own };
});

/** Tabs of one browser: each signs while no other does. */
function tabs(drawer: Drawer, node: Taker, nowMs = (): number => BORN_MS + 10): Feed[] {
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(_: string, work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const world: World = { nowMs, nonce: () => crypto.getRandomValues(new Uint8Array(16)), alone };
  return [0, 1].map(() => new Feed(page, drawer, node, world));
}

const nine = { ratings: [['movielens:1', 9]] };

describe('the feed of the page', () => {
  test('the key cannot be read out', async () => {
    await expect(crypto.subtle.exportKey('pkcs8', page.keys.privateKey)).rejects.toThrow();
  });
  test('a device that the node does not know is admitted, and its records count', async () => {
    const node = await Fold.born();
    const [feed] = tabs(new Memory(), node);
    const first = await feed!.sign('rating', nine);
    const second = await feed!.sign('rating', nine);
    expect([first.seq, second.seq, first.isTaken, node.admissions]).toEqual([0, 1, true, 1]);
    expect(node.taken.slice(2).map((record) => node.feeds.counts(record))).toEqual([true, true]);
  });
  test('two tabs that sign at once take their places one after the other', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const all = await Promise.all(tabs(drawer, node).flatMap((tab) => [tab.sign('rating', nine), tab.sign('rating', nine)]));
    expect(all.map((one) => one.seq).sort()).toEqual([0, 1, 2, 3]);
    expect(node.taken.slice(2).every((record) => node.feeds.counts(record))).toBe(true);
  });
  test('a record whose answer was lost is sent again, the same bytes', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const [feed] = tabs(drawer, node);
    node.losesAnswer = true;
    const lost = await feed!.sign('rating', nine);
    expect([lost.isTaken, drawer.held.get(0)!.isTaken]).toEqual([false, false]);
    expect([await feed!.settle(), await feed!.settle()]).toEqual([true, false]);
    expect([drawer.held.get(0)!.isTaken, node.taken.length]).toEqual([true, 3]);
    expect((await feed!.sign('rating', nine)).seq).toBe(1);
  });
  test('a record that was kept and never sent goes out before the next one', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const [feed] = tabs(drawer, node);
    const send = node.send.bind(node);
    node.send = async () => {
      throw new Unavailable('cut');
    };
    await feed!.sign('rating', nine);
    node.send = send;
    expect((await feed!.sign('rating', nine)).seq).toBe(1);
    expect(node.taken.slice(2).map((record) => record.header.seq)).toEqual([0, 1]);
  });
  test('a node that is away signs nothing and loses nothing', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const [feed] = tabs(drawer, node);
    node.isAway = true;
    await expect(feed!.sign('rating', nine)).rejects.toThrow(Unavailable);
    expect(drawer.held.size).toBe(0);
  });
  test('a node that lost the page’s records gets them back, and no seq is signed a second time', async () => {
    const node = await Fold.born();
    const [feed] = tabs(new Memory(), node);
    const before = [await feed!.sign('rating', nine), await feed!.sign('rating', nine)];
    await node.forget();
    expect((await feed!.sign('rating', nine)).seq).toBe(2);
    expect(node.taken.slice(2, 4).map((record) => record.id.text)).toEqual(before.map((one) => one.id));
  });
  test('a browser that lost its records goes on where the node stands', async () => {
    const node = await Fold.born();
    await tabs(new Memory(), node)[0]!.sign('rating', nine);
    const later = await tabs(new Memory(), node)[0]!.sign('rating', nine);
    expect([later.seq, node.feeds.counts(node.taken.at(-1)!)]).toEqual([1, true]);
  });
  test('times do not go back when the clock does', async () => {
    const node = await Fold.born();
    const clock = [BORN_MS + 500, BORN_MS + 20];
    const [feed] = tabs(new Memory(), node, () => clock.shift()!);
    const times = [await feed!.sign('rating', nine), await feed!.sign('rating', nine)].map((one) => one.time);
    expect(times).toEqual([BORN_MS + 500, BORN_MS + 501]);
  });
  test('a device that was revoked signs nothing more', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const [feed] = tabs(drawer, node);
    await feed!.sign('rating', nine);
    node.isRevoked = true;
    await expect(feed!.sign('rating', nine)).rejects.toThrow(Ended);
    expect(drawer.held.size).toBe(1);
  });
  test('what the node refuses is told in its own sentence', async () => {
    const node = await Fold.born();
    node.send = async () => 'found a full disk, expected room';
    await expect(tabs(new Memory(), node)[0]!.sign('rating', nine)).rejects.toThrow(new NotTaken('found a full disk, expected room'));
  });
  test('a seq is kept before it is sent', async () => {
    const node = await Fold.born();
    const drawer = new Memory();
    const send = node.send.bind(node);
    let keptAtSending = 0;
    node.send = async (records) => {
      keptAtSending = drawer.puts;
      return send(records);
    };
    await tabs(drawer, node)[0]!.sign('rating', nine);
    expect(keptAtSending).toBe(1);
    expect(decode(encode([drawer.held.get(0)!.block]))).toEqual([drawer.held.get(0)!.block]);
  });
});

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 'page in Chrome'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0', 'page in Edge'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'page in Firefox'],
  ['lynx', 'page in browser'],
])('%s is named', async (agent, name) => {
  const { nameOf } = await import('../src/identity/page.svelte');
  expect(nameOf(agent)).toBe(name);
});
