/** Where blocks come from: whoever lies or sleeps is left for another, and only while there is another. */

import { beforeEach, describe, expect, test } from 'vitest';
import { Cid, RAW } from '../src/verify/cid';
import type { Octets } from '../src/verify/octets';
import { Refused, Unavailable } from '../src/verify/refused';
import { OWN, SOON_MS, Sources, type Left } from '../src/verify/sources';

const ROOT = 'bafyroot';
const HOST = 'https://host.example';
const OTHER = 'https://other.example';
const BLOCK = new Uint8Array([1, 2, 3]);
const signal = new AbortController().signal;

type Sort = 'honest' | 'lying' | 'away';
let world: { [source: string]: Sort };
let asked: [string, number][];
let left: Left[];
let now: number;
let sources: Sources;
let cid: Cid;

async function fetchFrom(source: string, _root: string, _cid: Cid, _signal: AbortSignal, patienceMs: number): Promise<Octets> {
  asked.push([source, patienceMs]);
  if (world[source] === 'lying') throw new Refused('wrong-block', `${source} lied`);
  if (world[source] === 'away') throw new Unavailable(`${source} is away`);
  return BLOCK;
}

beforeEach(async () => {
  [world, asked, left, now] = [{}, [], [], 0];
  cid = await Cid.of(BLOCK, RAW);
  sources = new Sources(fetchFrom, () => now, (one) => left.push(one));
});

const take = (): Promise<Octets> => sources.block(ROOT, cid, signal);
const order = (): string[] => asked.map(([source]) => source);

describe('a block', () => {
  test('that our own sleeping node alone was asked for comes from a host as soon as one is named', async () => {
    const given: [string, number][] = [];
    const sleeping = new Sources(
      (source, _root, _cid, cut, patienceMs) => {
        given.push([source, patienceMs]);
        if (source !== OWN) return Promise.resolve(BLOCK);
        if (patienceMs === SOON_MS) return Promise.reject(new Unavailable('no answer'));
        return new Promise((_, refuse) => cut.addEventListener('abort', () => refuse(cut.reason), { once: true }));
      },
      () => now,
      () => undefined,
    );
    const coming = sleeping.block(ROOT, cid, signal);
    sleeping.name(ROOT, []);
    expect(given.length).toBe(1);
    sleeping.name(ROOT, [HOST]);
    expect(await coming).toBe(BLOCK);
    expect(given.map(([source]) => source)).toEqual([OWN, OWN, HOST]);
    expect(given[1]![1]).toBe(SOON_MS);
  });
  test('comes from our own node where it gives it', async () => {
    sources.name(ROOT, [HOST]);
    expect(await take()).toBe(BLOCK);
    expect(order()).toEqual([OWN]);
    expect(left).toEqual([]);
  });

  test('comes from a host where our own node lies, which is asked no more and told once', async () => {
    world = { [OWN]: 'lying' };
    sources.name(ROOT, [HOST]);
    await take();
    await take();
    expect(order()).toEqual([OWN, HOST, HOST]);
    expect(left).toEqual([{ root: ROOT, source: OWN, sort: 'lied', sentence: ' lied' }]);
  });

  test('comes from a host where our own node sleeps, which is asked first again after a rest', async () => {
    world = { [OWN]: 'away' };
    sources.name(ROOT, [HOST]);
    await take();
    await take();
    expect(order()).toEqual([OWN, HOST, HOST]);
    expect(asked[0]).toEqual([OWN, SOON_MS]);
    expect(left.map((one) => one.sort)).toEqual(['slow']);
    now = 31_000;
    await take();
    expect(order().slice(3)).toEqual([OWN, HOST]);
  });

  test('is refused where everybody lies, and the last of them is still asked', async () => {
    world = { [OWN]: 'lying', [HOST]: 'lying', [OTHER]: 'away' };
    sources.name(ROOT, [HOST, OTHER]);
    await expect(take()).rejects.toThrow('lied');
    world = { [OTHER]: 'honest', [OWN]: 'lying', [HOST]: 'lying' };
    expect(await take()).toBe(BLOCK);
  });

  test('without another source is asked of our own node again, whatever it gave before', async () => {
    world = { [OWN]: 'lying' };
    await expect(take()).rejects.toThrow('lied');
    world = {};
    expect(await take()).toBe(BLOCK);
    expect(left).toEqual([]);
  });

  test('of another version does not come from hosts that never named it', async () => {
    sources.name('bafyother', [HOST]);
    world = { [OWN]: 'away' };
    await expect(take()).rejects.toThrow('away');
    expect(order()).toEqual([OWN]);
  });

  test('that nobody waits for any more is asked of nobody else', async () => {
    const control = new AbortController();
    control.abort();
    world = { [OWN]: 'away' };
    sources.name(ROOT, [HOST]);
    await expect(sources.block(ROOT, cid, control.signal)).rejects.toThrow();
    expect(order()).toEqual([OWN]);
  });
});
