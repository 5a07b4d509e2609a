/** Filters: what is typed reaches the node, what is no number does not, and the address keeps them. */

import { expect, test } from 'vitest';
import { NOTHING, addressOf, draftOf, wantedOf } from '../src/shell/filters';

test('nothing typed asks for nothing', () => {
  expect(wantedOf(NOTHING)).toEqual({ query: {}, wrong: [] });
  expect(addressOf({})).toBe('');
});

test('every filter reaches the node under its own name', () => {
  const draft = { from: '1984', to: ' 1999 ', genre: ' drama', language: 'zh', minutes: '100', playable: true };
  expect(wantedOf(draft).query).toEqual({ year_from: 1984, year_to: 1999, genre: 'drama', language: 'zh', minutes: 100, playable: 'true' });
});

test.each([['from', '84'], ['to', 'soon'], ['minutes', '0'], ['minutes', '-5'], ['from', '1e3']] as const)('%s does not take %s', (field, text) => {
  expect(wantedOf({ ...NOTHING, [field]: text })).toEqual({ query: {}, wrong: [field] });
});

test('the address gives back what it was made of', () => {
  const draft = { from: '1984', to: '', genre: 'sci-fi & war', language: '', minutes: '', playable: true };
  expect(draftOf(addressOf(wantedOf(draft).query))).toEqual(draft);
});
