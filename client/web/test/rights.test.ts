/** What is typed, picked and handed on about rights, before anything is asked of a node. */

import { describe, expect, it } from 'vitest';
import type { DeedFile } from '../src/ask/api';
import { OFFER, Struct } from '../src/audit/deeds';
import { Entry } from '../src/audit/events';
import { canShow } from '../src/audit/showing';
import { State, Title } from '../src/audit/state';
import { MEDIA as LEDGER_MEDIA } from '../src/audit/title';
import { fileName, linkOf, readDeed, together } from '../src/rights/deed';
import { CODES, matching, named, places, UNION } from '../src/rights/places';
import { screenerOf } from '../src/rights/showing.svelte';
import { KNOWN, whyOf } from '../src/rights/why';
import { emptyTerms, objectionsTo, requestOf } from '../src/rights/terms';
import { secondOf } from '../src/studio/checks';
import { fromHex } from '../src/verify/octets';
import { vectors } from './vectors';

const NOW = Date.parse('2027-01-15T12:00:00Z') / 1000;
const OWNER = '0x' + 'ab'.repeat(20);
const DEED: DeedFile = {
  format: 'cinepeer/deed/1',
  film: 'bafyreifilm',
  name: 'Été /../ 电影',
  chain: 7,
  contract: '0x' + '11'.repeat(20),
  deed: { creator: OWNER, holders: [OWNER], shares: [10_000], deadline: 1 },
  signatures: { [OWNER]: '0x' + '22'.repeat(65) },
};

describe('countries', () => {
  const english = places('en');
  it('are all that a licence can name, in the order of their names', () => {
    expect(CODES).toHaveLength(249);
    expect(new Set(english.map(({ code }) => code))).toEqual(new Set(CODES));
    expect(english[0]!.name).toBe('Afghanistan');
    expect(UNION.every((code) => CODES.includes(code)) && UNION.length === 27).toBe(true);
  });
  it('are found by code, by the beginning of any word, without accents, and in Chinese by any part', () => {
    expect(matching(english, 'fr')[0]!.code).toBe('FR');
    expect(matching(english, 'zealand').map(({ code }) => code)).toEqual(['NZ']);
    expect(matching(english, 'cote').map(({ code }) => code)).toContain('CI');
    expect(matching(places('zh-Hans'), '兰西').length + matching(places('zh-Hans'), '法国').length).toBeGreaterThan(0);
    expect(matching(english, 'atlantis')).toEqual([]);
    expect(matching(english, '  ')).toHaveLength(249);
  });
  it('are joined as the language joins', () => {
    expect(named(['FR', 'DE'], 'en')).toBe('France and Germany');
    expect(named(['FR', 'DE'], 'zh-Hans')).toBe('法国和德国');
  });
});

describe('why a film may be shown or not', () => {
  const holder = '0x' + 'ab'.repeat(20);
  it('is said in the page\'s language, with every fact in it', () => {
    expect(whyOf({ code: 'premiere', facts: { at: Date.parse('2035-01-01T00:00:00Z') / 1000 } }, 'en')).toContain('2035');
    const sold = whyOf({ code: 'exclusive-somewhere', facts: { holder, medium: 'cinema', territories: 'FR, DE' } }, 'en');
    expect(sold).toContain('cinema, France and Germany');
    expect(whyOf({ code: 'exclusive-somewhere', facts: { holder, medium: 'cinema', territories: '' } }, 'en')).toContain('the whole world');
    expect(whyOf({ code: 'licensed', facts: { end: 2 ** 40 - 1, paid: '5000' } }, 'en')).toContain('without end');
    for (const code of KNOWN) expect(whyOf({ code, facts: { holder, title: holder, account: holder, territory: 'FR' } }, 'en')).not.toMatch(/[{}]/);
  });
  it('is left to the node\'s own words where the page has none', () => expect(whyOf({ code: 'moonlight', facts: {} }, 'en')).toBeNull());
});

describe('terms of an offer', () => {
  const sound = { ...emptyTerms(), price: '500', places: ['FR'], days: '30', start: '2027-02-01', end: '2027-02-28', closes: '2027-01-15' };
  it('become what is asked of the node, whole days to their last second', () => {
    expect(objectionsTo(sound, NOW)).toEqual({});
    const asked = requestOf('film', sound);
    expect(asked).toMatchObject({ film: 'film', price: '500', territory: ['FR'], days: 30, supply: 1000, exclusive: false, text: '' });
    expect([asked.start, asked.end, asked.closes]).toEqual([secondOf('2027-02-01'), secondOf('2027-03-01')! - 1, secondOf('2027-01-16')! - 1]);
    expect(requestOf('film', { ...emptyTerms(), price: '0' })).toMatchObject({ start: 0, end: 0, closes: 0, days: 0, territory: [] });
  });
  it.each([
    ['price', { price: '1.5' }, 'check.price'],
    ['price', { price: '' }, 'check.price'],
    ['days', { days: '0' }, 'check.days'],
    ['supply', { supply: '4294967296' }, 'check.supply'],
    ['start', { start: 'soon' }, 'check.day'],
    ['end', { end: '2027-13-01' }, 'check.day'],
    ['end', { end: '2027-01-31' }, 'check.window'],
    ['closes', { closes: '2027-01-14' }, 'check.past'],
    ['text', { text: 'law.pdf' }, 'check.cid'],
  ])('name what is wrong with %s: %o', (field, change, word) => {
    expect(objectionsTo({ ...sound, ...change }, NOW)).toEqual({ [field]: expect.objectContaining({ word }) });
  });
});

describe('a deed on its way', () => {
  it('is read from a file or from a link, letters of all scripts as they were', () => {
    expect(readDeed(JSON.stringify(DEED))).toEqual(DEED);
    const link = linkOf(DEED, 'http://localhost:1');
    expect(link).toMatch(/^http:\/\/localhost:1\/studio#deed=[\w-]+$/);
    expect(readDeed(link)).toEqual(DEED);
  });
  it.each(['', 'hello', '{}', 'null', '[1]', '#deed=', '#deed=***', JSON.stringify({ ...DEED, format: 'cinepeer/deed/2' }), JSON.stringify({ ...DEED, signatures: null }), 'x'.repeat((1 << 20) + 1)])(
    'is not found in %.20s',
    (text) => expect(readDeed(text)).toBeNull(),
  );
  it('takes the signatures of both copies, and only of the same deed', () => {
    const other = '0x' + 'cd'.repeat(20);
    const copy = { ...DEED, signatures: { [other]: '0x33' } };
    expect(Object.keys(together(DEED, copy)!.signatures)).toEqual([OWNER, other]);
    const turned = Object.fromEntries(Object.entries(copy).reverse()) as unknown as DeedFile;
    expect(together(DEED, turned)).not.toBeNull();
    expect(together(DEED, { ...copy, deed: { ...DEED.deed, shares: [9_999] } })).toBeNull();
    expect(together(DEED, { ...copy, chain: 8 })).toBeNull();
  });
  it('has a file name that no folder is in', () => {
    expect(fileName(DEED)).toBe('Été  电影.deed');
    expect(fileName({ ...DEED, name: '../' })).toBe('film.deed');
  });
});

describe('a screener link', () => {
  it('is what stands behind # and nothing else', () => {
    expect(screenerOf('#screener=' + 'a_-Z9'.repeat(8))).toBe('a_-Z9'.repeat(8));
    expect(screenerOf('#screener=a b')).toBeNull();
    expect(screenerOf('#other=' + 'a'.repeat(40))).toBeNull();
    expect(screenerOf('')).toBeNull();
  });
});

describe('what may be shown, by a state that was checked here', () => {
  interface Said {
    readonly status?: number;
    readonly offers?: readonly (readonly [string, boolean, readonly string[] | null, readonly string[]])[];
    readonly licences?: readonly (readonly [string, string, number, number, boolean?])[];
  }
  const { title, people: who, questions, cases } = vectors<{
    readonly title: string;
    readonly people: { readonly [name: string]: string };
    readonly questions: readonly (readonly [string, string, number, string | null])[];
    readonly cases: readonly { readonly name: string; readonly state: Said; readonly answers: readonly unknown[] }[];
  }>('showing');
  const stateOf = (said: Said): State => {
    const state = new State();
    const registered = new Map<string, unknown>([['creator', fromHex(who['owner']!)], ['metadata', new Uint8Array(32)]]);
    const entry = (index: number): Entry => new Entry('Registered', { block: 7, index } as Entry['log'], registered as never);
    const found = new Title(title, entry(0));
    found.status = said.status ?? 1;
    state.titles.set(title, found);
    for (const [name, exclusive, places, media] of said.offers ?? []) {
      const territory = places === null ? (1n << 256n) - 1n : places.reduce((bits, code) => bits | (1n << BigInt(CODES.indexOf(code))), 0n);
      const bits = media.reduce((sum, one) => sum | (one === 'remix' ? 1n << 31n : 1n << BigInt(LEDGER_MEDIA.indexOf(one))), 0n);
      state.offers.set(name, new Struct('Offer', OFFER, Object.keys(OFFER).map((field) => (({ exclusive, territory, media: bits }) as never)[field] ?? 0n)));
    }
    for (const [at, [offer, whose, start, end, revoked]] of (said.licences ?? []).entries()) {
      state.licences.push({ title, offer, licensee: who[whose]!, start, end, paid: 5n, entry: entry(at), isRevoked: revoked === true });
    }
    return state;
  };
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, { state, answers }) => {
    const folded = stateOf(state);
    for (const [at, [territory, medium, time, whose]] of questions.entries()) {
      const licensee = whose === null ? null : `0x${who[whose]!}`;
      const found = canShow(folded, { title: `0x${title}`, territory, medium, time, licensee })!;
      expect([found.allowed, found.code, found.facts, found.entry]).toEqual(answers[at]);
    }
  });
  it('is no answer for a place or medium that is none', () => {
    const asked = { title, territory: 'XX', medium: 'cinema', time: 1, licensee: null };
    expect(canShow(new State(), asked)).toBeNull();
    expect(canShow(new State(), { ...asked, territory: 'FR', medium: 'wireless' })).toBeNull();
    expect(canShow(new State(), { ...asked, territory: 'FR' })).toMatchObject({ allowed: false, code: 'unregistered' });
  });
});
