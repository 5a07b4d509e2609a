/** How far a film was watched: kept in this browser, forgotten at its end, and never more than it can hold. */

import { beforeEach, describe, expect, test, vi } from 'vitest';

let stored: { [key: string]: string };

async function fresh(): Promise<typeof import('../src/player/watching.svelte')> {
  vi.resetModules();
  return import('../src/player/watching.svelte');
}

beforeEach(() => {
  stored = {};
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored[key] ?? null,
    setItem: (key: string, value: string) => void (stored[key] = value),
  });
});

describe('a film that was begun', () => {
  test('goes on where it was left, also when the page is loaded anew', async () => {
    (await fresh()).note('film', 'root', 61.5, 600, 1);
    const again = await fresh();
    expect(again.placeIn('root')).toBe(61.5);
    expect(again.placeIn('another')).toBe(0);
    expect(again.begun().map((one) => one.film)).toEqual(['film']);
  });

  test('stands first when it was watched last, in the version that was watched last', async () => {
    const { note, begun } = await fresh();
    note('one', 'a', 10, 100, 1);
    note('two', 'b', 10, 100, 2);
    note('one', 'c', 20, 100, 3);
    expect(begun().map((one) => [one.film, one.root, one.at])).toEqual([
      ['one', 'c', 20],
      ['two', 'b', 10],
    ]);
  });

  test('is forgotten at its end, and is not noted when hardly begun', async () => {
    const { note, begun } = await fresh();
    note('film', 'root', 50, 100, 1);
    note('film', 'root', 96, 100, 2);
    note('other', 'root2', 4, 100, 3);
    expect(begun()).toEqual([]);
  });

  test('is one of fifty at most, and all are forgotten on demand', async () => {
    const { note, begun, forgetAll } = await fresh();
    for (let n = 0; n < 60; n++) note(`film ${n}`, `root ${n}`, 10, 100, n);
    expect(begun()).toHaveLength(50);
    expect(begun()[0]?.film).toBe('film 59');
    forgetAll();
    expect((await fresh()).begun()).toEqual([]);
  });

  test.each(['no JSON', '{}', '[{"film": 1}]', '[null]', '[{"film":"f","root":"r","at":-1,"whole":1,"time":1}]'])('is none where %s was kept', async (value) => {
    stored['watching'] = value;
    expect((await fresh()).begun()).toEqual([]);
  });
});
