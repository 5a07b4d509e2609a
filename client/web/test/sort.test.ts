/** Which of several versions plays first. */

import { expect, test } from 'vitest';
import { firstOf, rankOf, sortOf } from '../src/verify/sort';

const version = (id: string, sort: string): { id: string; sort: string } => ({ id, sort });

test('an odd word says that it is the film', () => {
  expect([undefined, null, 'Trailer', 'toString', 1, []].map((sort) => sortOf({ sort } as never))).toEqual(Array(6).fill('film'));
  expect(['film', 'cut', 'dub', 'trailer'].map((sort) => sortOf({ sort }))).toEqual(['film', 'cut', 'dub', 'trailer']);
  expect(rankOf('trailer')).toBeGreaterThan(rankOf('dub'));
});

test('one that lies here plays first among equals, and a trailer that lies here does not', () => {
  const all = [version('new', 'cut'), version('old', 'film'), version('dubbed', 'dub'), version('teaser', 'trailer')];
  expect(firstOf(all, () => false)?.id).toBe('new');
  expect(firstOf(all, (one) => one.id === 'old')?.id).toBe('old');
  expect(firstOf(all, (one) => one.id === 'teaser')?.id).toBe('new');
  expect(firstOf(all.slice(3), () => false)?.id).toBe('teaser');
  expect(firstOf([], () => true)).toBeUndefined();
});
