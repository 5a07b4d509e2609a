/** What people wrote: of each the newest review that counts, with stars, answers and names from signed records alone. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { Written } from '../src/identity/writing';
import type { Fields } from '../src/verify/dagcbor';
import { Cid } from '../src/verify/cid';
import type { ProvenReported } from '../src/verify/reported';
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

describe('what was reported of a film', () => {
  const film = Cid.parse('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
  const against = { on: film, ground: 'copyright', text: 'It is mine.', language: 'en', contact: null };
  const ruling = (denied: boolean, atMs: number, more: Fields = {}): Promise<Written> =>
    ben.sign('ruling', { on: film, report: null, denied, reason: 'so', language: '', ...more }, atMs);

  async function reported(...without: Written[]): Promise<ProvenReported> {
    const shelf = new Shelf(() => BORN_MS + 1_000);
    await shelf.admit(listOf([ada, ben], ...without));
    return shelf.reported([film.text]);
  }

  test('stands beside how its hosts ruled, the newest first, with what was said against that', async () => {
    const claim = await ada.sign('report', against, 10);
    await ada.sign('report', { ...against, on: claim.record.id }, 11);
    const first = await ruling(true, 20, { report: claim.record.id });
    await ada.sign('appeal', { ruling: first.record.id, text: 'no', language: '' }, 25);
    await ruling(false, 30);
    const { reports, rulings } = await reported();
    expect(reports.map((one) => [one.record, one.ground, one.text])).toEqual([[claim.record.id.text, 'copyright', 'It is mine.']]);
    expect(rulings.map((one) => [one.denied, one.stands, one.appeals.map((said) => said.text)])).toEqual([
      [false, true, []],
      [true, false, ['no']],
    ]);
  });

  test('is gone where it was taken back', async () => {
    const claim = await ada.sign('report', against, 10);
    const ruled = await ruling(true, 20);
    await ben.sign('retraction', { records: [ruled.record.id], reason: '' }, 30);
    await ada.sign('retraction', { records: [claim.record.id], reason: '' }, 40);
    expect(await reported()).toEqual({ reports: [], rulings: [] });
  });
});
