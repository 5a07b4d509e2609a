/** Every check of an audit has words in both languages, and what is pasted is taken for what it is. */

import { describe, expect, test } from 'vitest';
import { knownChecks, told, untold } from '../src/audit/lines';
import { meant } from '../src/audit/meant';
import { vectors } from './vectors';

const { verdicts } = vectors<{ verdicts: readonly (readonly string[])[] }>('audit');
const receipts = vectors<readonly { readonly lines: readonly (readonly [string, unknown])[] | null }[]>('receipts');
const listed = receipts.flatMap(({ lines }) => (lines ?? []).map(([check]) => check));
const checks = [...new Set([...verdicts.flat().map((line) => line.slice(2)), ...listed])];
const FILM = 'bafyrei' + 'a'.repeat(52);
const AUTHOR = 'bafyrei' + 'b' + 'a'.repeat(51);
const films = [{ id: FILM, name: 'A Film', author: AUTHOR }];

describe('the words of a check', () => {
  test.each(checks)('%s', (check) => {
    for (const language of ['en', 'zh'] as const) {
      const { name, expected, restsOn } = told(check, language);
      expect(name && expected && restsOn).not.toBe('');
      expect(name).not.toContain('{rest}');
    }
  });
  test('are there in both languages and for no check that there is not', () => {
    expect(untold()).toEqual([]);
    const unused = knownChecks().filter((known) => !checks.some((check) => check === known || check.startsWith(`${known} `)));
    expect(unused).toEqual([]);
  });
  test('of an unknown check are its own name', () => expect(told('other', 'zh').name).toBe('other'));
});

describe('what is pasted', () => {
  test.each([
    [FILM, 'film'],
    ['A Film', 'film'],
    [`http://localhost:8080/film/${FILM}`, 'film'],
    [`/film/${FILM}`, 'film'],
    [AUTHOR, 'author'],
    ['bafyrei' + 'c' + 'a'.repeat(51), 'record'],
    ['imdb:tt0111161', 'film'],
    ['network', 'network'],
    [' catalogue ', 'catalogue'],
  ])('%s', (text, sort) => expect(meant(text, films)?.sort).toBe(sort));
  test.each(['', 'nothing', 'bafy', '%', '<b>'])('%s is nothing of ours', (text) => expect(meant(text, films)).toBe(null));
});
