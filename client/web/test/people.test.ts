/** Public lists, and all that an author said: from signed records alone, newest word first. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { Written } from '../src/identity/writing';
import type { Fields } from '../src/verify/dagcbor';
import { Shelf } from '../src/verify/shelf';
import { BORN_MS, listOf, Person } from './writer';

let ada: Person;
let ben: Person;

beforeEach(async () => {
  [ada, ben] = [await Person.born(), await Person.born()];
});

const collect = (who: Person, atMs: number, list: Written | null, ...films: string[]): Promise<Written> =>
  who.sign('collection', { list: list?.record.id ?? null, name: 'Nights', about: '', language: 'en', films } as Fields, atMs);

async function shelf(...without: Written[]): Promise<Shelf> {
  const made = new Shelf(() => BORN_MS + 1_000);
  await made.admit(listOf([ada, ben], ...without));
  return made;
}

describe('a list', () => {
  test('is what its own author said last', async () => {
    const first = await collect(ada, 10, null, 'tmdb:1');
    const last = await collect(ada, 20, first, 'tmdb:3', 'tmdb:2');
    await ada.sign('profile', { name: 'Ada' }, 25);
    await collect(ben, 30, first, 'tmdb:666');
    const found = (await shelf()).collection(first.record.id.text);
    expect(found).toMatchObject({ name: 'Nights', authorName: 'Ada', films: ['tmdb:3', 'tmdb:2'], record: last.record.id.text });
    expect(found?.author).toBe(ada.id.text);
  });

  test('is none where its first record is missing, taken back, or of another kind', async () => {
    const first = await collect(ada, 10, null, 'tmdb:1');
    const later = await collect(ada, 20, first, 'tmdb:2');
    expect((await shelf(first)).collection(first.record.id.text)).toBeNull();
    expect((await shelf()).collection(later.record.id.text)).toBeNull();
    expect((await shelf()).collection(ada.id.text)).toBeNull();
    await ada.sign('retraction', { records: [first.record.id], reason: '' }, 30);
    expect((await shelf()).collection(first.record.id.text)).toBeNull();
  });

  test('stays as it was before where the newest word is taken back', async () => {
    const first = await collect(ada, 10, null, 'tmdb:1');
    const later = await collect(ada, 20, first, 'tmdb:2');
    await ada.sign('retraction', { records: [later.record.id], reason: '' }, 30);
    expect((await shelf()).collection(first.record.id.text)?.films).toEqual(['tmdb:1']);
  });
});

describe('what an author said', () => {
  test('comes newest first, with what was taken back marked, and nobody else’s', async () => {
    const followed = await ada.sign('follow', { on: ben.id, follows: true }, 10);
    await ben.sign('follow', { on: ada.id, follows: true }, 15);
    await ada.sign('retraction', { records: [followed.record.id], reason: '' }, 20);
    const found = (await shelf()).said(ada.id.text, 9);
    expect(found.map(({ kind, standing }) => [kind, standing])).toEqual([
      ['retraction', 'counts'],
      ['follow', 'withdrawn'],
      ['delegate', 'counts'],
      ['inception', 'counts'],
    ]);
    expect(found[1]?.fields).toMatchObject({ on: ben.id.text, follows: true });
    expect((await shelf()).said(ada.id.text, 1).map((one) => one.kind)).toEqual(['retraction']);
  });

  test('is marked where its device was cut off', async () => {
    await ada.sign('follow', { on: ben.id, follows: true }, 10);
    await ada.root.write(ada.id, 'revocation', { device: ada.device.device, seq: -1, head: null, reason: 'lost' }, 20);
    const found = (await shelf()).said(ada.id.text, 9).filter((one) => one.kind === 'follow');
    expect(found.map((one) => one.standing)).toEqual(['cut']);
  });
});
