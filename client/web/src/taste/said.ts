/** What a list's rules, reasons and causes say, in the words of the page: the node names them in fixed English ones. */

import type { Cause } from '../ask/shapes';
import { t, tag, type Word } from '../words/words.svelte';

/** A rule by its form: the words of the page, and the words that the node reads, with its value where it takes one. */
export interface RuleForm {
  readonly word: Word;
  readonly value: 'number' | 'year' | 'genre' | 'languages' | null;
  readonly written: (value: string) => string;
}

type Form = RuleForm & { readonly read: RegExp; readonly isOffered: boolean };

const FORMS: readonly Form[] = [
  form('rule.seen', null, /^not seen$/, () => 'not seen'),
  form('rule.atmost', 'number', /^at most ([0-9]{1,5}) minutes$/, (minutes) => `at most ${minutes} minutes`),
  form('rule.atleast', 'number', /^at least ([0-9]{1,5}) minutes$/, (minutes) => `at least ${minutes} minutes`),
  form('rule.from', 'year', /^from ([0-9]{4}) on$/, (year) => `from ${year} on`),
  form('rule.before', 'year', /^before ([0-9]{4})$/, (year) => `before ${year}`),
  // Which languages somebody reads is told by command.
  { ...form('rule.mine', null, /^in a language i read$/, () => 'in a language I read'), isOffered: false },
  form('rule.languages', 'languages', /^in ([a-z]{2,3}(?:(?:\s*,\s*|\s+or\s+)[a-z]{2,3})*)$/, (codes) => `in ${codes}`),
  form('rule.here', null, /^licensed here(?: tonight)?$/, () => 'licensed here tonight'),
  form('rule.peace', null, /^nothing violent$/, () => 'nothing violent'),
  form('rule.no', 'genre', /^no ([\p{L}\p{N}_' -]{2,40})$/u, (genre) => `no ${genre}`),
  form('rule.only', 'genre', /^only ([\p{L}\p{N}_' -]{2,40})$/u, (genre) => `only ${genre}`),
];

/** The rules that the page offers. */
export const OFFERED: readonly RuleForm[] = FORMS.filter((one) => one.isOffered);

const REASONS: Readonly<Record<string, Word>> = {
  rated: 'reason.rated',
  hidden: 'reason.hidden',
  'not licensed here': 'reason.rights',
  "nobody's ratings tell anything of it yet": 'reason.unfitted',
  'nothing of yours speaks of it': 'reason.silent',
  'its score is below the last one listed': 'reason.below',
};
const UNKNOWN = ': not known of it';
const KINDS: Readonly<Record<string, Word>> = {
  liked: 'wishes.liked',
  disliked: 'wishes.disliked',
  lately: 'wishes.lately',
  popularity: 'wishes.by.popularity',
};

/** A rule as a reader says it; what is no rule comes back as it is. */
export function ruleSaid(written: string): string {
  const words = written.toLowerCase().trim().split(/\s+/).join(' ');
  for (const one of FORMS) {
    const found = one.read.exec(words);
    if (found) return t(one.word, { value: shown(one, found[1] ?? '') });
  }
  return written;
}

/** The words of a form in a choice, its value still open. */
export function formSaid(one: RuleForm): string {
  return t(one.word, { value: '…' });
}

/** Why a film is not listed; what is no known reason comes back as it is. */
export function reasonSaid(reason: string): string {
  const word = REASONS[reason];
  if (word !== undefined) return t(word);
  if (reason.endsWith(UNKNOWN)) return t('reason.unknown', { rule: ruleSaid(reason.slice(0, -UNKNOWN.length)) });
  return ruleSaid(reason);
}

/** What two films have in common: a genre, a language, a decade, or a credit as its author wrote it. */
export function sharedSaid(told: string): string {
  const [, sort, value] = /^(genre|language|decade) (.+)$/.exec(told) ?? [];
  if (sort === 'genre') return value!;
  if (sort === 'language') return languageSaid(value!);
  return sort === 'decade' ? t('shared.decade', { decade: value! }) : told;
}

/** What one part of a score comes from. */
export function causeSaid(cause: Cause, nameOf: (film: string) => string): string {
  const film = nameOf(cause.film);
  if (cause.channel === 'popularity') return t('why.popularity');
  if (cause.channel === 'diversity') return t('why.diversity', { film });
  if (cause.channel === 'less') return t('why.less', { film });
  return t(cause.record ? 'why.gave' : 'why.gave.private', { stars: cause.stars ?? 0, film });
}

/** The signal that speaks most for a film, by the channel's name. */
export function signalSaid(by: string): string {
  const word = KINDS[by.split('.')[0]!];
  return word === undefined ? by : t(word);
}

/** A language by its name, where the browser knows its code. */
export function languageSaid(code: string): string {
  try {
    return new Intl.DisplayNames([tag()], { type: 'language' }).of(code) ?? code;
  } catch {
    return code; // a stranger's word that is no code
  }
}

function shown(one: RuleForm, value: string): string {
  if (one.value !== 'languages') return value;
  const names = value.split(/\s*,\s*|\s+or\s+/).map(languageSaid);
  return new Intl.ListFormat(tag(), { type: 'disjunction' }).format(names);
}

function form(word: Word, value: RuleForm['value'], read: RegExp, written: RuleForm['written']): Form {
  return { word, value, read, written, isOffered: true };
}
