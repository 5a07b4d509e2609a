/** How soon a film starts is reckoned from blocks that came, and from nothing else. */

import { expect, test } from 'vitest';
import { Paces, startsIn } from '../src/verify/pace';

test('nothing is said of a version of which no block has come', () => {
  expect(new Paces().of('one')).toBeNull();
});

test('the shortest wait and the fastest block are what the line can do', () => {
  const paces = new Paces();
  paces.note('one', 40, 2_000);
  paces.note('one', 100, 200_000);
  paces.note('other', 5, 10);
  expect(paces.of('one')).toEqual({ blocks: 2, waitMs: 40, bytesPerMs: 2_000 });
  // Three waits of 40 ms, and four seconds of 1.6 Mbit/s at 2 MB/s.
  expect(startsIn(paces.of('one')!, 1_600_000)).toBeCloseTo(0.12 + 0.4);
});

test('small blocks tell of the wait and of no speed', () => {
  const paces = new Paces();
  paces.note('one', 20, 700);
  expect(paces.of('one')).toBeNull();
  paces.note('one', 50, 200_000);
  expect(paces.of('one')).toEqual({ blocks: 2, waitMs: 20, bytesPerMs: 4_000 });
});

test('a slower line and a richer picture take longer', () => {
  const pace = { blocks: 3, waitMs: 50, bytesPerMs: 500 };
  expect(startsIn({ ...pace, waitMs: 500 }, 800_000)).toBeGreaterThan(startsIn(pace, 800_000));
  expect(startsIn({ ...pace, bytesPerMs: 50 }, 800_000)).toBeGreaterThan(startsIn(pace, 800_000));
  expect(startsIn(pace, 8_000_000)).toBeGreaterThan(startsIn(pace, 800_000));
});

test('a block within a tick of the clock divides by no nothing, and the oldest versions are forgotten', () => {
  const paces = new Paces();
  for (let number = 0; number < 300; number++) paces.note(`version ${number}`, 0, 20_000);
  expect(paces.of('version 299')).toEqual({ blocks: 1, waitMs: 1, bytesPerMs: 20_000 });
  expect(paces.of('version 0')).toBeNull();
});
