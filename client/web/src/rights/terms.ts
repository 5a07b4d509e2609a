/** What a creator types of a licence offer, what is wrong with it, and what is asked of the node. Pure. */

import type { OfferRequest } from '../ask/api';
import { secondOf, type Objections } from '../studio/checks';
import type { Medium } from '../studio/medium';
import type { Objection } from '../upload/choice';

export interface Terms {
  price: string;
  medium: Medium;
  places: string[];
  days: string;
  supply: string;
  isExclusive: boolean;
  /** Days as `2027-03-01` in UTC; empty for none. */
  start: string;
  end: string;
  closes: string;
  /** The CID of the legal text; empty for none. */
  text: string;
}

/** Terms before anybody typed anything. */
export function emptyTerms(): Terms {
  return { price: '', medium: 'streaming', places: [], days: '', supply: '1000', isExclusive: false, start: '', end: '', closes: '', text: '' };
}

const CID = /^(b[a-z2-7]{50,110}|Qm[1-9A-HJ-NP-Za-km-z]{44})$/;
const DAY_S = 86_400;

/** What is wrong with terms at a time (seconds). Empty when they can be signed. */
export function objectionsTo(terms: Terms, now: number): Objections {
  const found: { [field: string]: Objection } = {};
  const said = (text: string): { found: string } => ({ found: text.trim() || '–' });
  if (!/^\d{1,38}$/.test(terms.price.trim())) found['price'] = { word: 'check.price', values: said(terms.price) };
  if (terms.days.trim() && !isWithin(terms.days, 1, 36_500)) found['days'] = { word: 'check.days', values: said(terms.days) };
  if (!isWithin(terms.supply, 1, 2 ** 32 - 1)) found['supply'] = { word: 'check.supply', values: said(terms.supply) };
  for (const name of ['start', 'end', 'closes'] as const) {
    if (terms[name] && secondOf(terms[name]) === null) found[name] = { word: 'check.day', values: said(terms[name]) };
  }
  const [start, end, closes] = [secondOf(terms.start), secondOf(terms.end), secondOf(terms.closes)];
  if (end !== null && start !== null && end < start) found['end'] = { word: 'check.window', values: {} };
  else if (end !== null && end + DAY_S <= now) found['end'] = { word: 'check.past', values: {} };
  if (closes !== null && closes + DAY_S <= now) found['closes'] = { word: 'check.past', values: {} };
  if (terms.text.trim() && !CID.test(terms.text.trim())) found['text'] = { word: 'check.cid', values: {} };
  return found;
}

/** What is asked of the node; the terms have to be without objections. Days that end something are whole days. */
export function requestOf(film: string, terms: Terms): OfferRequest {
  const last = (day: string): number => (secondOf(day) === null ? 0 : secondOf(day)! + DAY_S - 1);
  return {
    film,
    price: terms.price.trim(),
    medium: terms.medium,
    territory: terms.places,
    days: Number(terms.days.trim() || 0),
    supply: Number(terms.supply),
    exclusive: terms.isExclusive,
    start: secondOf(terms.start) ?? 0,
    end: last(terms.end),
    closes: last(terms.closes),
    text: terms.text.trim(),
  };
}

function isWithin(text: string, least: number, most: number): boolean {
  const value = Number(text.trim());
  return /^\d+$/.test(text.trim()) && value >= least && value <= most;
}
