/** What is wanting in a draft, in words, and the wish that a sound one becomes. Pure: nothing is asked of the node. */

import { WARNINGS } from '../child/rules';
import type { OfferTerms, PublicationRequest } from '../ask/api';
import type { Objection } from '../upload/choice';
import { isFilmId } from '../verify/bodies';
import type { Draft } from './draft.svelte';

/** All shares of a title, in basis points. */
export const WHOLE = 10_000;

/** Basis points as per cent with two places, without the sign. */
export const hundredth = (shares: number): string => (shares / 100).toFixed(2);

/** What a version can be to its film. */
export type Sort = Draft['sort'];
export const SORTS: readonly Sort[] = ['cut', 'dub', 'trailer', 'film'];

/** Objections by the name of the field that they are about. */
export type Objections = { readonly [field: string]: Objection };

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const PERCENT = /^\d{1,3}([.,]\d{1,2})?$/;
const EXTERNAL = /^(imdb:tt(\d{7}|[1-9]\d{7,9})|wikidata:Q[1-9]\d{0,11}|(tmdb|movielens):[1-9]\d{0,9})$/;
const MAX_NAME = 300;
const MAX_LABEL = 100;
const MAX_SYNOPSIS = 5_000;

/** The parts of a text with commas between. */
export function listed(text: string): string[] {
  return text
    .split(/[,，、;；]/)
    .map((one) => one.trim())
    .filter(Boolean);
}

/** A percentage in basis points, or null when it is none. */
export function shareOf(percent: string): number | null {
  const text = percent.trim();
  if (!PERCENT.test(text)) return null;
  const [whole, part = ''] = text.split(/[.,]/);
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

/** What the co-owners do not take, in basis points; negative when they take too much. */
export function restOf(owners: Draft['owners']): number {
  return owners.reduce((rest, { percent }) => rest - (shareOf(percent) ?? 0), WHOLE);
}

/** The two-letter codes of a territory; none for the whole world. */
export function codes(territory: string): string[] {
  return listed(territory).map((code) => code.toUpperCase());
}

/** The name of a country in a language, or null for a code that names none. */
export function country(code: string, tag: string): string | null {
  if (!/^[A-Z]{2}$/.test(code)) return null;
  return new Intl.DisplayNames([tag], { type: 'region', fallback: 'none' }).of(code) ?? null;
}

/** A language's tag as the standard writes it, or null. */
export function languageTag(text: string): string | null {
  try {
    const [found = null] = Intl.getCanonicalLocales(text);
    return found !== null && new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(found) ? found : null;
  } catch {
    return null;
  }
}

/** What is wrong with a draft. Empty when it can be published. */
export function objectionsTo(draft: Draft): Objections {
  if (draft.isVersion) return version(draft);
  return { ...facts(draft), ...made(draft), ...(draft.isTitled ? { ...ownersObjections(draft.owners), ...(draft.isOffered ? offer(draft) : {}) } : {}) };
}

function version(draft: Draft): Objections {
  const label = draft.label.trim();
  return {
    ...(draft.of ? {} : { of: { word: 'check.of', values: {} } }),
    ...(label ? {} : { label: { word: 'check.label', values: {} } }),
    ...(label.length > MAX_LABEL ? { label: { word: 'check.long', values: { count: label.length, most: MAX_LABEL } } } : {}),
  };
}

/** The id of a film by its page's address or by itself, or null where there is none. */
export function filmOf(text: string): string | null {
  const found = (/\/film\/([\w:%-]+)/.exec(text)?.[1] ?? text.trim()).replace('%3A', ':');
  return isFilmId(found) ? found : null;
}

function made(draft: Draft): Objections {
  if (!draft.isMade) return {};
  const share = shareOf(draft.madePercent);
  const rest = (draft.isTitled ? restOf(draft.owners) : WHOLE) - (share ?? 0);
  return {
    ...(filmOf(draft.made) === null ? { made: { word: 'check.made', values: { found: draft.made.trim() || '–' } } } : {}),
    ...(draft.isTitled ? {} : { made: { word: 'check.made.title', values: {} } }),
    ...(!share ? { 'made-percent': { word: 'check.percent', values: { found: draft.madePercent.trim() || '–' } } } : {}),
    ...(share && (rest < 0 || share === WHOLE) ? { 'made-percent': { word: 'check.sum', values: { sum: hundredth(WHOLE - rest) } } } : {}),
  };
}

function facts(draft: Draft): Objections {
  const found: { [field: string]: Objection } = {};
  if (!draft.name.trim()) found['name'] = { word: 'check.name', values: {} };
  else if (draft.name.trim().length > MAX_NAME) found['name'] = { word: 'check.long', values: { count: draft.name.trim().length, most: MAX_NAME } };
  if (draft.synopsis.trim().length > MAX_SYNOPSIS) found['synopsis'] = { word: 'check.long', values: { count: draft.synopsis.trim().length, most: MAX_SYNOPSIS } };
  if (draft.year.trim() && !isWithin(draft.year, 1870, 2200)) found['year'] = { word: 'check.year', values: { found: draft.year.trim() } };
  const language = listed(draft.languages).find((one) => languageTag(one) === null);
  if (language !== undefined) found['languages'] = { word: 'check.language', values: { found: language } };
  const external = listed(draft.external).find((one) => !EXTERNAL.test(one));
  if (external !== undefined) found['external'] = { word: 'check.external', values: { found: external } };
  for (const [place, { name, role }] of draft.credits.entries()) {
    if (!name.trim() && role.trim()) found[`credit-${place}`] = { word: 'check.credit', values: { role: role.trim() } };
  }
  const seen = new Set<string>();
  for (const [place, { language, name, synopsis }] of draft.translations.entries()) {
    const tag = languageTag(language.trim());
    if (tag === null) found[`language-${place}`] = { word: 'check.language', values: { found: language.trim() || '–' } };
    else if (seen.has(tag)) found[`language-${place}`] = { word: 'check.language.twice', values: {} };
    if (!name.trim()) found[`name-${place}`] = { word: 'check.name', values: {} };
    else if (name.trim().length > MAX_NAME) found[`name-${place}`] = { word: 'check.long', values: { count: name.trim().length, most: MAX_NAME } };
    if (synopsis.trim().length > MAX_SYNOPSIS) found[`synopsis-${place}`] = { word: 'check.long', values: { count: synopsis.trim().length, most: MAX_SYNOPSIS } };
    if (tag !== null) seen.add(tag);
  }
  const premiere = draft.premiere.trim();
  if (premiere && secondOf(premiere) === null) found['premiere'] = { word: 'check.day', values: { found: premiere } };
  return found;
}

/** What is wrong with the co-owners of a title. Empty when the deed can be written. */
export function ownersObjections(owners: Draft['owners']): Objections {
  const found: { [field: string]: Objection } = {};
  const seen = new Set<string>();
  for (const [place, { holder, percent }] of owners.entries()) {
    const address = holder.trim().toLowerCase();
    if (!ADDRESS.test(address)) found[`holder-${place}`] = { word: 'check.address', values: { found: holder.trim() || '–' } };
    else if (seen.has(address)) found[`holder-${place}`] = { word: 'check.twice', values: {} };
    seen.add(address);
    if (!shareOf(percent)) found[`percent-${place}`] = { word: 'check.percent', values: { found: percent.trim() || '–' } };
  }
  const rest = restOf(owners);
  if (rest < 0) found['sum'] = { word: 'check.sum', values: { sum: ((WHOLE - rest) / 100).toFixed(2) } };
  return found;
}

function offer(draft: Draft): Objections {
  const found: { [field: string]: Objection } = {};
  if (!/^\d{1,38}$/.test(draft.price.trim())) found['price'] = { word: 'check.price', values: { found: draft.price.trim() || '–' } };
  if (draft.days.trim() && !isWithin(draft.days, 1, 36_500)) found['days'] = { word: 'check.days', values: { found: draft.days.trim() } };
  if (!isWithin(draft.supply, 1, 2 ** 32 - 1)) found['supply'] = { word: 'check.supply', values: { found: draft.supply.trim() || '–' } };
  const unknown = codes(draft.territory).find((code) => country(code, 'en') === null);
  if (unknown !== undefined) found['territory'] = { word: 'check.territory', values: { found: unknown } };
  return found;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The first second of a day (as 2027-03-01) in UTC, or null for no day. */
export function secondOf(day: string): number | null {
  if (!DAY.test(day)) return null;
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) || ms < 0 ? null : ms / 1000;
}

function isWithin(text: string, least: number, most: number): boolean {
  const value = Number(text.trim());
  return /^\d+$/.test(text.trim()) && value >= least && value <= most;
}

/** The wish for the node; the draft has to be without objections. */
export function wishOf(draft: Draft, upload: string): PublicationRequest {
  // The film's own facts and title stand; only what is new of this version is said.
  if (draft.isVersion) return { upload, name: draft.name.trim(), of: draft.of, sort: draft.sort, label: draft.label.trim(), title: false };
  return {
    ...(draft.isMade ? { parent: filmOf(draft.made), parent_shares: shareOf(draft.madePercent)! } : {}),
    upload,
    name: draft.name.trim(),
    year: draft.year.trim() ? Number(draft.year) : null,
    synopsis: draft.synopsis.trim(),
    genres: listed(draft.genres),
    languages: listed(draft.languages).map((one) => languageTag(one) ?? one),
    warnings: draft.isHarmless ? [] : draft.warnings.length ? WARNINGS.filter((one) => draft.warnings.includes(one)) : null,
    external: listed(draft.external),
    credits: draft.credits.filter(({ name }) => name.trim()).map(({ name, role }): [string, string] => [name.trim(), role.trim()]),
    translations: draft.translations.map(({ language, name, synopsis }) => ({ language: languageTag(language.trim()) ?? language, name: name.trim(), synopsis: synopsis.trim() })),
    premiere: secondOf(draft.premiere.trim()),
    unlisted: draft.isUnlisted,
    title: draft.isTitled,
    licensed: draft.isTitled && draft.isLicensed,
    custodians: draft.isTitled && draft.isLicensed ? draft.custodians : [],
    owners: draft.isTitled ? draft.owners.map(({ holder, percent }) => ({ holder: holder.trim(), shares: shareOf(percent)! })) : [],
    offer: draft.isTitled && draft.isOffered ? termsOf(draft) : null,
  };
}

function termsOf(draft: Draft): OfferTerms {
  return {
    price: draft.price.trim(),
    medium: draft.medium,
    territory: codes(draft.territory),
    days: Number(draft.days.trim() || 0),
    supply: Number(draft.supply),
    exclusive: draft.isExclusive,
  };
}
