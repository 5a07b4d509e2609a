/** Why a film may be shown or not, in the page's language. */

import type { Showing } from '../ask/api';
import { day, grouped, short } from '../show/format';
import { country } from '../studio/checks';
import { MEDIA, type Medium } from '../studio/medium';
import { t, type Word } from '../words/words.svelte';
import { named } from './places';

/** The end of a licence without end, in seconds. */
const NEVER = 2 ** 37;

const WHY: { readonly [code: string]: Word } = {
  unregistered: 'why.unregistered',
  suspended: 'why.suspended',
  void: 'why.void',
  kept: 'why.kept',
  exclusive: 'why.exclusive',
  'exclusive-somewhere': 'why.somewhere',
  open: 'why.open',
  licensed: 'why.licensed',
  controller: 'why.controller',
  unlicensed: 'why.unlicensed',
  untitled: 'why.untitled',
  screener: 'why.screener',
  premiere: 'why.premiere',
};

const LEDGER: ReadonlySet<string> = new Set(['suspended', 'void', 'exclusive', 'exclusive-somewhere', 'open', 'licensed', 'controller', 'unlicensed']);
const OWN: ReadonlySet<string> = new Set(['licensed', 'controller', 'unlicensed']);

/** Whether the ledger alone decides, so that a proof of its state shows the answer. */
export function isOfLedger({ code }: Pick<Showing, 'code'>): boolean {
  return LEDGER.has(code);
}

/** Whether the answer is about this node's own account, not about any viewer. */
export function isOwn({ code }: Pick<Showing, 'code'>): boolean {
  return OWN.has(code);
}

/** The codes that the page has words for. */
export const KNOWN: readonly string[] = Object.keys(WHY);

/** One sentence in the language of a tag (BCP 47), or null for a code that this page does not know. */
export function whyOf({ code, facts }: Pick<Showing, 'code' | 'facts'>, tag: string): string | null {
  const word = code === 'licensed' && Number(facts['end']) >= NEVER ? 'why.licensed.forever' : WHY[code];
  if (word === undefined) return null;
  const text = (name: string): string => String(facts[name] ?? '');
  const time = (name: string): string => day(Number(facts[name] ?? 0) * 1000, tag);
  const codes = text('territories').split(', ').filter(Boolean);
  const medium = text('medium') as Medium;
  return t(word, {
    title: short(text('title')),
    holder: short(text('holder')),
    account: short(text('account')),
    medium: medium in MEDIA ? t(MEDIA[medium]) : text('medium'),
    place: text('territory') ? (country(text('territory'), tag) ?? text('territory')) : t('offer.world'),
    places: codes.length ? named(codes, tag) : t('offer.world'),
    end: time('end'),
    paid: grouped(text('paid') || '0'),
    until: time('until'),
    at: time('at'),
  });
}
