/** The studio's rules: which file is taken, what a sound draft is, and how a job's stages grow. */

import { describe, expect, test, vi } from 'vitest';

vi.stubGlobal('location', new URL('http://localhost/'));
const kept = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
});

const { choose, judge } = await import('../src/upload/choice');
const { fingerprint } = await import('../src/upload/fingerprint');
const { matching, remember } = await import('../src/upload/begun');
const { country, filmOf, listed, objectionsTo, restOf, shareOf, wishOf } = await import('../src/studio/checks');
const { draft, emptyDraft, keepDraft } = await import('../src/studio/draft.svelte');
const { after } = await import('../src/studio/jobs.svelte');
const { progressOf, standingOf, told } = await import('../src/studio/stages');
type Job = import('../src/studio/jobs.svelte').Job;
type Draft = import('../src/studio/draft.svelte').Draft;

const film = new File(['moov'], 'film.mp4', { type: 'video/mp4' });
const dropped = (file: File | null, isFolder = false) => ({ name: file?.name ?? 'reels', isFolder, file });

describe('what is dropped', () => {
  test('one film is taken', () => {
    expect(choose([dropped(film)]).file).toBe(film);
  });
  test.each([
    ['nothing but words', [], 'file.nothing'],
    ['something that is no file', [dropped(null)], 'file.nothing'],
    ['a folder', [dropped(null, true)], 'file.folder'],
    ['several files', [dropped(film), dropped(film)], 'file.several'],
    ['an empty file', [dropped(new File([], 'film.mp4'))], 'file.empty'],
    ['a picture', [dropped(new File(['x'], 'still.png', { type: 'image/png' }))], 'file.other'],
    ['a sound', [dropped(new File(['x'], 'song.flac', { type: 'audio/flac' }))], 'file.other'],
    ['an archive', [dropped(new File(['x'], 'film.zip', { type: 'application/zip' }))], 'file.other'],
  ])('%s has its sentence', (_, found, word) => {
    expect(choose(found).objection?.word).toBe(word);
  });
  test.each([
    ['film.mkv', ''],
    ['reel.mxf', 'application/mxf'],
    ['stream.ts', 'text/vnd.trolltech.linguist'],
    ['no-suffix', ''],
    ['raw', 'application/octet-stream'],
  ])('%s of type “%s” is for the node to judge', (name, type) => {
    expect(judge(new File(['x'], name, { type })).file?.name).toBe(name);
  });
});

describe('a file that is chosen again', () => {
  const begun = (id: string, filename: string, size_bytes: number) => ({ id, filename, size_bytes, received_bytes: 2, changed_ms: 0, expires_ms: 0 });

  test('has a fingerprint of its size and bytes', async () => {
    const one = new Blob([new Uint8Array(5 << 20).fill(1)]);
    const other = new Uint8Array(5 << 20).fill(1);
    expect(await fingerprint(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(new Blob([other]))).toBe(await fingerprint(one));
    other[other.length - 1] = 2;
    expect(await fingerprint(new Blob([other]))).not.toBe(await fingerprint(one));
    expect(await fingerprint(new Blob(['a']))).not.toBe(await fingerprint(new Blob(['aa'])));
  });
  test('goes on with its own upload, whatever its name is by now', () => {
    remember('one', 'print');
    expect(matching([begun('one', 'film.mp4', 4)], { name: 'renamed.mp4', size: 4 }, 'print').same?.id).toBe('one');
  });
  test('is begun anew when other bytes have its name and size', () => {
    expect(matching([begun('one', 'film.mp4', 4)], { name: 'film.mp4', size: 4 }, 'other')).toEqual({});
  });
  test('is asked about when nothing is known but name and size', () => {
    const uploads = [begun('two', 'film.mp4', 4), begun('three', 'film.mp4', 5)];
    expect(matching(uploads, { name: 'film.mp4', size: 4 }, 'print').alike?.id).toBe('two');
    expect(matching(uploads, { name: 'else.mp4', size: 4 }, 'print')).toEqual({});
  });
});

const HOLDER = `0x${'ab'.repeat(20)}`;
const sound = (more: Partial<Draft> = {}): Draft => ({ ...structuredClone({ ...draft }), name: 'First Light', ...more });
const titled = (more: Partial<Draft> = {}): Draft => sound({ isTitled: true, owners: [{ holder: HOLDER, percent: '30' }], ...more });
const FILM = `bafyrei${'a'.repeat(52)}`;
const version = (more: Partial<Draft> = {}): Draft => sound({ isVersion: true, of: FILM, sort: 'trailer', label: ' Teaser ', ...more });
const made = (more: Partial<Draft> = {}): Draft => titled({ isMade: true, made: `http://127.0.0.1:4002/film/${FILM}#t=3`, madePercent: '12.5', ...more });
const offered = (more: Partial<Draft> = {}): Draft => titled({ isOffered: true, price: '1000', ...more });

describe('a draft', () => {
  test('is sound with a name alone', () => {
    expect(objectionsTo(sound())).toEqual({});
    expect(wishOf(sound(), 'up')).toMatchObject({ upload: 'up', name: 'First Light', year: null, title: false, owners: [], offer: null });
  });
  test('is for licensees only where a title stands, with the custodians that were chosen', () => {
    const custodians = ['bafyreiaaa'];
    expect(wishOf(titled({ isLicensed: true, custodians }), 'up')).toMatchObject({ licensed: true, custodians });
    expect(wishOf(titled({ isLicensed: false, custodians }), 'up')).toMatchObject({ licensed: false, custodians: [] });
    expect(wishOf(sound({ isLicensed: true, custodians }), 'up')).toMatchObject({ licensed: false, custodians: [] });
  });
  test.each([
    ['no name', sound({ name: ' ' }), 'name'],
    ['a name without end', sound({ name: 'x'.repeat(301) }), 'name'],
    ['a synopsis without end', sound({ synopsis: 'x'.repeat(5001) }), 'synopsis'],
    ['a year before film', sound({ year: '1492' }), 'year'],
    ['a year in words', sound({ year: 'last' }), 'year'],
    ['a language that is none', sound({ languages: 'en, klingonese!' }), 'languages'],
    ['an id without a catalogue', sound({ external: 'tt0111161' }), 'external'],
    ['a role without a name', sound({ credits: [{ name: '', role: 'director' }] }), 'credit-0'],
    ['an address that is cut off', titled({ owners: [{ holder: '0xab', percent: '30' }] }), 'holder-0'],
    ['a co-owner twice', titled({ owners: [{ holder: HOLDER, percent: '30' }, { holder: HOLDER.toUpperCase().replace('X', 'x'), percent: '1' }] }), 'holder-1'],
    ['a share of nothing', titled({ owners: [{ holder: HOLDER, percent: '0' }] }), 'percent-0'],
    ['a third decimal', titled({ owners: [{ holder: HOLDER, percent: '1.005' }] }), 'percent-0'],
    ['more than the whole', titled({ owners: [{ holder: HOLDER, percent: '100.01' }] }), 'sum'],
    ['no price', offered({ price: '' }), 'price'],
    ['a price with a part', offered({ price: '1.5' }), 'price'],
    ['a country that is none', offered({ territory: 'FR, QQ' }), 'territory'],
    ['no day at all', offered({ days: '0' }), 'days'],
    ['a premiere on no day', sound({ premiere: 'spring' }), 'premiere'],
    ['a version of no film', version({ of: '' }), 'of'],
    ['a version without a name', version({ label: ' ' }), 'label'],
    ['a version of a name without end', version({ label: 'x'.repeat(101) }), 'label'],
    ['another film that is none', made({ made: 'The Tide' }), 'made'],
    ['another film and no title', made({ isTitled: false }), 'made'],
    ['no share for another film', made({ madePercent: '0' }), 'made-percent'],
    ['the whole for another film', made({ owners: [], madePercent: '100' }), 'made-percent'],
    ['more than is left for another film', made({ madePercent: '70.01' }), 'made-percent'],
    ['nothing to sell', offered({ supply: '0' }), 'supply'],
  ])('with %s says so at its field', (_, found, field) => {
    expect(Object.keys(objectionsTo(found))).toEqual([field]);
  });
  test('says nothing of owners and offers that are not wished', () => {
    expect(objectionsTo(offered({ isTitled: false, price: '' }))).toEqual({});
    expect(wishOf(sound({ premiere: '2035-01-01', isUnlisted: true }), 'up')).toMatchObject({ premiere: 2_051_222_400, unlisted: true });
    expect(wishOf(sound(), 'up')).toMatchObject({ premiere: null, unlisted: false });
    expect(wishOf(offered({ isTitled: false }), 'up')).toMatchObject({ title: false, owners: [], offer: null });
  });
  test('of another version is about that version alone', () => {
    const found = version({ isTitled: true, isOffered: true, price: '', year: 'last' });
    expect(objectionsTo(found)).toEqual({});
    expect(wishOf(found, 'up')).toEqual({ upload: 'up', name: 'First Light', of: FILM, sort: 'trailer', label: 'Teaser', title: false });
    expect(objectionsTo(version({ isMade: true, made: '' }))).toEqual({});
  });
  test('of a film that is made from another names it and its share', () => {
    expect(objectionsTo(made())).toEqual({});
    expect(wishOf(made(), 'up')).toMatchObject({ parent: FILM, parent_shares: 1250, owners: [{ holder: HOLDER, shares: 3000 }] });
    expect(objectionsTo(made({ madePercent: '70' }))).toEqual({});
    expect(wishOf(sound({ made: FILM }), 'up')).not.toHaveProperty('parent');
    expect([FILM, `/film/${FILM}`, '/film/imdb%3Att0111161', 'http://x/film/', '%zz'].map(filmOf)).toEqual([FILM, FILM, 'imdb:tt0111161', null, null]);
  });
  test('shares are basis points, exactly', () => {
    expect(['30', '30.5', '0,07', '100', '33.33'].map(shareOf)).toEqual([3000, 3050, 7, 10_000, 3333]);
    expect(['', '-1', '1e1', '30.', '.5'].map(shareOf)).toEqual([null, null, null, null, null]);
    expect(restOf([{ holder: '', percent: '33.33' }, { holder: '', percent: '66.67' }])).toBe(0);
    expect(wishOf(titled(), 'up').owners).toEqual([{ holder: HOLDER, shares: 3000 }]);
  });
  test('an offer is what was typed', () => {
    const wish = wishOf(offered({ territory: 'fr、de', days: '30', supply: '5', isExclusive: true, medium: 'festival' }), 'up');
    expect(wish.offer).toEqual({ price: '1000', medium: 'festival', territory: ['FR', 'DE'], days: 30, supply: 5, exclusive: true });
  });
  test('lists may be typed in both scripts', () => {
    expect(listed('drama，short, 、')).toEqual(['drama', 'short']);
    expect(country('FR', 'en')).toBe('France');
    expect(country('FRA', 'en')).toBe(null);
  });
  test('is kept in the browser until it is published', () => {
    draft.name = 'Second Light';
    keepDraft();
    expect(kept.get('draft')).toContain('Second Light');
    emptyDraft();
    expect(kept.has('draft')).toBe(false);
    expect(draft.name).toBe('');
  });
});

describe('a job', () => {
  const plan = ['probe', 'ladder', 'import', 'records'];
  const job: Job = { id: '1', name: 'First Light', made_ms: 0, priority: 0, ahead: 0, upload: null, state: 'waiting', plan, stage: '', stages: [], near: [], problem: null, done: null };

  test('grows by what its stages say', () => {
    const probed = after(after(job, { stage: 'probe', done: false }), { stage: 'probe', done: false, seconds: 8, bytes: 1_000 });
    expect(probed).toMatchObject({ state: 'running', stage: 'probe', stages: [{ stage: 'probe', seconds: 8, bytes: 1_000, done: false }] });
    const cut = after(probed, { stage: 'ladder', done: false, seconds: 2, of: 8 });
    expect(plan.map((stage) => standingOf(cut, stage))).toEqual(['done', 'now', 'todo', 'todo']);
    expect(progressOf(cut.stages[1])).toEqual({ at: 2, of: 8 });
    expect(told(cut.stages[0])).toBe('0:08, 1.0 kB');
    expect(told(cut.stages[1])).toBe('0:02 of 0:08');
  });
  test('shows where it failed', () => {
    const failed: Job = { ...after(job, { stage: 'probe', done: false }), state: 'failed', problem: 'found no picture, expected a film' };
    expect(plan.map((stage) => standingOf(failed, stage))).toEqual(['failed', 'todo', 'todo', 'todo']);
  });
  test('a stage that has no measure yet says nothing', () => {
    for (const stage of [...plan, 'title', 'offer', 'unheard']) expect(told({ stage, done: false })).toBe('');
    expect(told(undefined)).toBe('');
  });
});
