/** The child profile: what its rules let through, and a PIN that cannot be tried on and on. */

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { barOf, parseLanguages, readRules, type Bar, type Judged, type Rules } from '../src/child/rules';

const memory = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => memory.get(key) ?? null,
  setItem: (key: string, value: string) => void memory.set(key, value),
  removeItem: (key: string) => void memory.delete(key),
});
vi.stubGlobal('location', new URL('http://localhost/'));

const OPEN: Rules = { longestMinutes: null, dayMinutes: null, languages: [], without: [], mustSay: false, lists: [] };
const FILM: Judged = { id: 'bafy', durationsMs: [5_400_000, 600_000], languages: ['en-GB'], warnings: ['fear'] };

describe('the rules', () => {
  const cases: [string, Partial<Rules>, Partial<Judged>, Bar | null][] = [
    ['nothing', {}, {}, null],
    ['a longest film that one version keeps', { longestMinutes: 10 }, {}, null],
    ['a longest film', { longestMinutes: 9 }, {}, 'long'],
    ['a longest film, of one without a version', { longestMinutes: 9 }, { durationsMs: [] }, 'long'],
    ['its language', { languages: ['en'] }, {}, null],
    ['another language', { languages: ['zh'] }, {}, 'language'],
    ['a language, of a film that names none', { languages: ['zh'] }, { languages: [] }, 'language'],
    ['what it shows', { without: ['fear'] }, {}, 'warned'],
    ['something else', { without: ['sex'] }, {}, null],
    ['films that say nothing', { mustSay: true }, { warnings: null }, 'unsaid'],
    ['films that say nothing, of one that has nothing to warn of', { mustSay: true }, { warnings: [] }, null],
    ['lists that hold it', { lists: ['a'] }, {}, null],
    ['lists that do not', { lists: ['a'] }, { id: 'other' }, 'list'],
  ];
  test.each(cases)('%s', (_, rules, film, bar) => {
    expect(barOf({ ...OPEN, ...rules }, { ...FILM, ...film }, new Set(['bafy']))).toBe(bar);
  });
  test.each([
    ['en, zh-Hans; FR', ['en', 'zh', 'fr']],
    ['', []],
    ['English', null],
  ])('languages typed as %j', (text, found) => expect(parseLanguages(text)).toEqual(found));
  test.each([null, 5, {}, { ...OPEN, languages: 'en' }, { ...OPEN, longestMinutes: 'long' }, { ...OPEN, lists: [1] }])('%j are no rules', (found) => {
    expect(readRules(found)).toBeNull();
  });
  test('rules are read back as they were kept', () => {
    const rules = { ...OPEN, longestMinutes: 90, lists: ['a'] };
    expect(readRules(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
  });
});

describe('the profile', () => {
  beforeEach(() => (memory.clear(), vi.resetModules()));
  const load = (): Promise<typeof import('../src/child/child.svelte')> => import('../src/child/child.svelte');
  const judged = { ...FILM, warnings: [] };

  test('keeps over a reload, and ends', async () => {
    (await load()).setChild({ ...OPEN, longestMinutes: 5 });
    vi.resetModules();
    const child = await load();
    expect([child.isChild(), child.barred(judged)]).toEqual([true, 'long']);
    expect(child.mayStand({ id: 'bafy', facts: {}, versions: [{ duration_ms: 60_000 }] })).toBe(true);
    expect(child.mayStand({ id: 'bafy', facts: {}, versions: [{ duration_ms: 360_000 }] })).toBe(false);
    child.setChild(null);
    expect([child.isChild(), child.barred(judged)]).toEqual([false, null]);
  });
  test.each(['{', '[]', '{"lists":1}'])('what was kept as %j keeps everything out', async (text) => {
    memory.set('child', text);
    const child = await load();
    expect(child.isChild()).toBe(true);
    expect(child.barred(judged)).toBe('list');
  });
  test('the minutes of a day end, over a reload too, and come back with the next one', async () => {
    (await load()).setChild({ ...OPEN, dayMinutes: 1 });
    (await load()).watched(55);
    vi.resetModules();
    const child = await load();
    expect([child.isOver(), child.barred(judged)]).toEqual([false, null]);
    child.watched(5);
    expect([child.isOver(), child.barred(judged)]).toEqual([true, 'day']);
    memory.set('child-day', JSON.stringify({ day: '2000-1-1', seconds: 60 }));
    child.watched(0);
    expect(child.isOver()).toBe(false);
  });
});

describe('the PIN', () => {
  beforeEach(() => memory.clear());
  test('opens with itself alone, is kept as a slow hash, and waits after five other ones', async () => {
    const { isPin, setPin, tryPin } = await import('../src/child/pin');
    expect(['1234', '12345678', '123', '12a4', '123456789'].map(isPin)).toEqual([true, true, false, false, false]);
    await setPin('2468');
    expect(JSON.parse(memory.get('child-pin')!)).toMatchObject({ rounds: 600_000, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await setPin('2468', 1_000);
    for (const left of [4, 3, 2, 1, 0]) expect(await tryPin('1111', 1_000)).toEqual({ sort: 'wrong', left });
    expect(await tryPin('2468', 1_000)).toEqual({ sort: 'wait', waitMs: 30_000 });
    expect(await tryPin('2468', 30_999)).toEqual({ sort: 'wait', waitMs: 1 });
    expect(await tryPin('2468', -1e12)).toMatchObject({ sort: 'wait', waitMs: 30_000 });
    expect(await tryPin('1111', 31_000)).toEqual({ sort: 'wrong', left: 0 });
    expect(await tryPin('2468', 31_001)).toEqual({ sort: 'wait', waitMs: 59_999 });
    expect(await tryPin('2468', 91_000)).toEqual({ sort: 'right' });
    expect(await tryPin('1111', 91_000)).toEqual({ sort: 'wrong', left: 4 });
  });
  test('without one nothing opens', async () => {
    memory.set('child-pin', '[]');
    const { tryPin } = await import('../src/child/pin');
    expect(await tryPin('1234', 0)).toEqual({ sort: 'wrong', left: 0 });
  });
});
