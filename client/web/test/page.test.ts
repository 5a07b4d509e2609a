/** The page's own small rules: addresses, numbers, words. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { clock, columns, grouped, middleHalf, percent, short, size } from '../src/show/format';
import english from '../src/words/en.json';
import { firstWords } from '../words';
import chinese from '../src/words/zh.json';

vi.stubGlobal('location', new URL('http://localhost/'));

describe('words', () => {
  const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

  test('both languages say the same things', () => {
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
  });
  test.each(Object.keys(english) as (keyof typeof english)[])('%s has the same values in both', (word) => {
    const [one, ...more] = english[word].split(' | ');
    for (const form of more) expect(places(form)).toEqual(places(one!));
    expect(places(chinese[word])).toEqual(places(one!));
  });
  test('every message is said somewhere', () => {
    const root = new URL('../src/', import.meta.url);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|ts)$/.test(file));
    const said = files.map((file) => readFileSync(new URL(file, root), 'utf8')).join('\n');
    expect(Object.keys(english).filter((word) => !said.includes(`'${word}'`))).toEqual([]);
  });
  test('the first screen brings the words that it may say, and not those of the others', () => {
    const first = firstWords(new URL('..', import.meta.url).pathname, Object.keys(english));
    for (const word of ['films.empty', 'skip', 'nav', 'why', 'rate.hint', 'page.stale', 'missing'] as const) {
      if (word in english) expect(first.has(word), word).toBe(true);
    }
    const later = Object.keys(english).filter((word) => !first.has(word));
    expect(later.some((word) => word.startsWith('audit.'))).toBe(true);
    expect(later.some((word) => word.startsWith('node.'))).toBe(true);
    expect(later.length).toBeGreaterThan(first.size);
  });
  test('no message blames, cheers or uses a word that is not ours', () => {
    expect(Object.values(english).filter((text) => /!|oops|\bmovie(?!lens)|\bvideo\b|\buser\b|seeder|please/i.test(text))).toEqual([]);
    expect(Object.values(chinese).filter((text) => /！|视频|用户/.test(text))).toEqual([]);
  });
});

describe('addresses', () => {
  test.each([
    ['/', 'films', undefined],
    ['/film/bafy', 'film', 'bafy'],
    ['/film/movielens%3A1', 'film', 'movielens:1'],
    ['/film/%', 'film', '%'],
    ['/film', 'missing', undefined],
    ['/film/a/b', 'missing', undefined],
    ['/studio', 'studio', undefined],
    ['/studio/', 'studio', undefined],
    ['/audit', 'audit', undefined],
    ['/node', 'node', undefined],
    ['/me', 'me', undefined],
    ['/news', 'news', undefined],
    ['/author/bafy', 'author', 'bafy'],
    ['/list/bafy', 'list', 'bafy'],
    ['/list', 'missing', undefined],
    ['/films', 'missing', undefined],
  ])('%s leads to %s', async (path, screen, id) => {
    const { parseRoute } = await import('../src/shell/route.svelte');
    expect(parseRoute(path)).toEqual(id === undefined ? { screen } : { screen, id });
  });

  test.each(['http://example.org/a', 'version://bafy/a?b', '//bafy/a', 'version:///a', 'blob:x'])('the player refuses %s', async (address) => {
    const { parseAddress } = await import('../src/player/loader');
    expect(() => parseAddress(address)).toThrow('expected a file of this version');
  });
  test('the player’s addresses lead to files of one version', async () => {
    const { addressOf, parseAddress } = await import('../src/player/loader');
    expect(parseAddress(addressOf('bafy', '720/a.m4s'))).toEqual({ root: 'bafy', path: '720/a.m4s' });
  });
});

describe('numbers', () => {
  test('sizes', () => expect([0, 999, 1000, 1_340_000, 999_950_000, 5e10].map(size)).toEqual(['0 B', '999 B', '1.0 kB', '1.3 MB', '1.0 GB', '50.0 GB']));
  test('clocks', () => expect([0, 20.9, 61, 5640].map(clock)).toEqual(['0:00', '0:20', '1:01', '1:34:00']));
  test('shares, amounts, ids', () => expect([percent(7000), grouped('1050000'), grouped('0'), short('short'), short('b'.repeat(20) + 'a12345678')]).toEqual(['70.00 %', '1,050,000', '0', 'short', '…12345678']));
  test('the middle half of ratings, and how many gave each', () => {
    expect(middleHalf([9, 7, 8, 7, 1])).toEqual([7, 8]);
    expect(columns([1, 10, 10, 11, 0])).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  });
});

test('only the tokens hold raw colours', () => {
  const css = readFileSync(new URL('../src/style/ground.css', import.meta.url), 'utf8');
  expect(css).not.toMatch(/#[0-9a-f]{3,8}\b|rgb\(/i);
});
