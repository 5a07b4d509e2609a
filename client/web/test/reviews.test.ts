/** What people wrote: of each the newest review that counts, with stars, answers and names from signed records alone. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { Written } from '../src/identity/writing';
import type { Fields } from '../src/verify/dagcbor';
import { Shelf, type ProvenReview } from '../src/verify/shelf';
import { BORN_MS, listOf, Person } from './writer';

const FILM = 'movielens:1';

let ada: Person;
let ben: Person;

beforeEach(async () => {
  [ada, ben] = [await Person.born(), await Person.born()];
});

const review = (who: Person, text: string, atMs: number, more: Fields = {}): Promise<Written> =>
  who.sign('review', { film: FILM, text, language: 'en', spoiler: false, ...more }, atMs);

async function shown(...without: Written[]): Promise<ProvenReview[]> {
  const shelf = new Shelf(() => BORN_MS + 1_000);
  await shelf.admit(listOf([ada, ben], ...without));
  return shelf.reviews(FILM);
}

describe('the reviews of a film', () => {
  test('are of each author the newest, the newest first', async () => {
    await review(ada, 'first thoughts', 10);
    await review(ada, 'second thoughts', 20);
    await review(ben, 'mine', 15, { spoiler: true });
    await review(ben, 'of another film', 30, { film: 'movielens:2' });
    expect((await shown()).map((one) => [one.text, one.spoiler])).toEqual([
      ['second thoughts', false],
      ['mine', true],
    ]);
  });

  test('carry the stars that their author gave, and its name, where those came along', async () => {
    await ada.sign('rating', { ratings: [[FILM, 8]] }, 5);
    await ada.sign('profile', { name: 'Ada' }, 6);
    const named = await ada.sign('profile', { name: 'Ada B.' }, 7);
    await review(ada, 'so', 10);
    await review(ben, 'no', 9);
    expect((await shown()).map((one) => [one.stars, one.name])).toEqual([
      [8, 'Ada B.'],
      [null, null],
    ]);
    expect((await shown(named)).map((one) => one.name)).toEqual(['Ada', null]);
  });

  test('show answers, the oldest first', async () => {
    const said = await review(ada, 'so', 10);
    await ben.sign('comment', { on: said.record.id, text: 'why?', language: '' }, 20);
    await ada.sign('comment', { on: said.record.id, text: 'see the end', language: '' }, 30);
    const [one] = await shown();
    expect(one?.comments.map(({ text, author }) => [text, author])).toEqual([
      ['why?', ben.id.text],
      ['see the end', ada.id.text],
    ]);
  });

  test('are gone when taken back, and the one before stands again', async () => {
    await review(ada, 'first thoughts', 10);
    const second = await review(ada, 'second thoughts', 20);
    await ada.sign('retraction', { records: [second.record.id], reason: '' }, 30);
    expect((await shown()).map((one) => one.text)).toEqual(['first thoughts']);
  });

  test('are not taken back by somebody else', async () => {
    const said = await review(ada, 'so', 10);
    await ben.sign('retraction', { records: [said.record.id], reason: '' }, 30);
    expect(await shown()).toHaveLength(1);
  });

  test('without their bodies say nothing', async () => {
    expect(await shown(await review(ada, 'so', 10))).toEqual([]);
  });
});
