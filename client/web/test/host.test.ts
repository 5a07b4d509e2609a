/** The host's rules: a cap as it is typed, what follows from it, and how long something has lasted. */

import { describe, expect, test } from 'vitest';
import type { Film } from '../src/ask/shapes';
import { bytesOf, consequenceOf, gigabytesOf } from '../src/host/cap';
import { meantBy } from '../src/host/denying';
import { span } from '../src/host/span';

describe('a disk cap', () => {
  test.each([
    ['20', 20_000_000_000],
    [' 0.5 ', 500_000_000],
    ['0,001', 1_000_000],
    ['0', 0],
    ['1000000', 1e15],
  ])('“%s” GB are so many bytes', (typed, bytes) => {
    expect(bytesOf(typed)).toBe(bytes);
  });
  test.each(['', 'a lot', '-1', '1e3', '0.0001', '1000001', '1.2.3'])('“%s” is none', (typed) => {
    expect(bytesOf(typed)).toBe(null);
  });
  test('is shown as it would be typed', () => {
    expect([2_500_000_000, 20_000_000_000, 1_000_000, 0].map(gigabytesOf)).toEqual(['2.5', '20', '0.001', '0']);
  });
  test('is followed by nothing, by room, or by what is held beyond it', () => {
    expect(consequenceOf(10, 4, 10)).toBe(null);
    expect(consequenceOf(20, 4, 10)).toEqual({ word: 'cap.more', over: 0, room: 16 });
    expect(consequenceOf(8, 4, 10)).toEqual({ word: 'cap.less', over: 0, room: 4 });
    expect(consequenceOf(3, 4, 10)).toEqual({ word: 'cap.under', over: 1, room: 0 });
    expect(consequenceOf(20, 30, 10)).toEqual({ word: 'cap.under', over: 10, room: 0 });
  });
});

describe('a span', () => {
  test.each([
    [0, '0 secs'],
    [59_400, '59 secs'],
    [61_000, '1 min'],
    [7_300_000, '2 hrs'],
    [90_000_000, '1 day'],
  ])('%i ms are %s', (ms, text) => {
    expect(span(ms, 'en')).toBe(text);
  });
  test('has words in Chinese', () => {
    expect(span(240_000, 'zh-Hans')).toMatch(/4\s?分/);
  });
});

describe('a line of the deny list', () => {
  const version = (id: string, held: boolean): unknown => ({ id, root: `${id}-files`, held, size_bytes: 10 });
  const films = [
    { id: 'one', author: 'ada', name: 'One', versions: [version('v1', true), version('v2', false)] },
    { id: 'two', author: 'ada', name: 'Two', versions: [version('v3', true)] },
  ] as unknown as readonly Film[];

  test.each([
    ['ada', ['One', 'Two'], 20],
    ['one', ['One'], 10],
    ['v2', ['One'], 0],
    ['v3-files', ['Two'], 10],
    ['other', [], 0],
    ['', [], 0],
  ])('%s means %j', (id, names, bytes) => {
    expect(meantBy(id, films)).toEqual({ names, bytes });
  });
});
