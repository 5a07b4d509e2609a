/** Reports of screenings: the lot has no lean, it is drawn once, and nothing goes that was not chosen. */

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { PARTS, partOf, tell } from '../src/player/lot';
import { curveOf, steepest } from '../src/studio/curve';

const HOUR_MS = 3_600_000;
let stored: { [key: string]: string };
let asked: { path: string; reached: number }[];
let answer: () => Response;

async function fresh(isChosen = true): Promise<typeof import('../src/player/telling.svelte')> {
  vi.resetModules();
  if (isChosen) stored['tell'] = 'yes';
  return import('../src/player/telling.svelte');
}

beforeEach(() => {
  stored = {};
  asked = [];
  answer = () => new Response('{"within_s": 3600}');
  vi.stubGlobal('location', new URL('http://localhost/'));
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored[key] ?? null,
    setItem: (key: string, value: string) => void (stored[key] = value),
  });
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push({ path, reached: (JSON.parse(init.body as string) as { reached: number }).reached });
    return answer();
  });
});

describe('the lot', () => {
  test('tells the truth half of the time and every other part alike', () => {
    const counts = Array<number>(PARTS + 1).fill(0);
    for (let coin = 0; coin < 256; coin++) {
      for (let byte = 0; byte < 250; byte++) {
        const bytes = [coin, byte];
        const told = tell(4, () => bytes.shift()!);
        counts[told] = counts[told]! + 1;
      }
    }
    expect(counts[4]).toBe(128 * 250);
    expect(new Set(counts.filter((_, part) => part !== 4))).toEqual(new Set([(128 * 250) / PARTS]));
  });
  test.each([0, 5, PARTS])('draws again where a byte would favour somebody, for part %i', (part) => {
    const bytes = [255, 250, 255, 9];
    expect(tell(part, () => bytes.shift()!)).toBe(part === PARTS ? 9 : 10);
    expect(bytes).toEqual([]);
  });
  test.each([
    [0, 100, 0],
    [9.9, 100, 0],
    [10, 100, 1],
    [94.9, 100, 9],
    [95, 100, 10],
    [200, 100, 10],
    [5, 0, 0],
    [NaN, 100, 0],
  ])('%d of %d seconds are part %i', (at, whole, part) => {
    expect(partOf(at, whole)).toBe(part);
  });
});

describe('a report', () => {
  test('is not even noted unless the person chose so', async () => {
    const { noteReach, tellings, sendDue } = await fresh(false);
    noteReach('f', 'First Light', 50, 100, 0);
    await sendDue(7 * HOUR_MS);
    expect(tellings()).toEqual([]);
    expect(asked).toEqual([]);
    expect(stored['tellings']).toBeUndefined();
  });
  test('waits, keeps the furthest part, and goes once with what was drawn', async () => {
    const { noteReach, tellings, sendDue } = await fresh();
    noteReach('f', 'First Light', 50, 100, 0);
    noteReach('f', 'First Light', 20, 100, HOUR_MS);
    await sendDue(6 * HOUR_MS);
    expect(asked).toEqual([]);
    await sendDue(7 * HOUR_MS, () => 200);
    expect(asked).toEqual([{ path: '/api/films/f/screenings', reached: 0 }]);
    expect(tellings()[0]).toMatchObject({ reached: 5, told: 0, isSent: true });
    noteReach('f', 'First Light', 90, 100, 8 * HOUR_MS);
    await sendDue(100 * HOUR_MS);
    expect(asked).toHaveLength(1);
    expect((await fresh()).tellings()).toHaveLength(1);
  });
  test('that does not arrive is tried again with the same part: the lot is drawn once', async () => {
    const { noteReach, tellings, sendDue } = await fresh();
    noteReach('f', 'First Light', 50, 100, 0);
    answer = () => new Response('{"detail": "found no node of this film’s creator"}', { status: 503 });
    await sendDue(7 * HOUR_MS, () => 130);
    answer = () => new Response('{"within_s": 3600}');
    await sendDue(8 * HOUR_MS, () => 1);
    expect(new Set(asked.map((one) => one.reached)).size).toBe(1);
    expect(tellings()[0]?.isSent).toBe(true);
  });
  test('of an own film, or one that is gone, is dropped; one that waits can be', async () => {
    const { noteReach, tellings, sendDue, dropTelling, dropWaiting } = await fresh();
    noteReach('f', 'First Light', 50, 100, 0);
    answer = () => new Response('{"detail": "found a film of your own"}', { status: 400 });
    await sendDue(7 * HOUR_MS);
    expect(tellings()).toEqual([]);
    noteReach('g', 'Low Tide', 50, 100, 0);
    dropTelling('g');
    noteReach('h', 'Open Water', 50, 100, 0);
    dropWaiting();
    expect(tellings()).toEqual([]);
  });
  test('that nobody took for a month is forgotten', async () => {
    const { noteReach, tellings, sendDue } = await fresh();
    noteReach('f', 'First Light', 50, 100, 0);
    await sendDue(31 * 24 * HOUR_MS);
    expect(tellings()).toEqual([]);
    expect(asked).toEqual([]);
  });
  test('kept by another program is not read', async () => {
    stored['tellings'] = '[{"film": "f", "name": "n"}, 7, {"film": "f", "name": "n", "reached": 1, "told": null, "isSent": false, "time": 1}]';
    expect((await fresh()).tellings()).toHaveLength(1);
  });
});

describe('the curve of who stayed', () => {
  const through = [1, 0.9, 0.5, 0.5].map((share) => ({ low: share - 0.1, share, high: Math.min(1, share + 0.1) }));
  test('begins with everybody and stays in its box', () => {
    const { line, band } = curveOf(through);
    expect(line).toBe('0,0 25,0 50,10 75,50 100,50');
    expect(band.split(' ')).toHaveLength(10);
    expect(band.split(' ').at(-1)).toBe('0,0');
  });
  test('names its steepest fall, or none', () => {
    expect(steepest(through)).toEqual({ tenth: 3, share: 0.4 });
    expect(steepest([{ low: 1, share: 1, high: 1 }])).toBeNull();
  });
});
