/** Rules of a list in plain words, as `recommend/rules.py` reads them: a rule keeps a film only where its facts fit. */

import { Refused } from '../verify/refused';

/** What is known of a film; null where nobody said it. */
export interface Facts {
  readonly minutes: number | null;
  readonly year: number | null;
  readonly languages: readonly string[] | null;
  readonly genres: readonly string[] | null;
  readonly is_seen: boolean;
  readonly is_ready: boolean;
  readonly is_licensed: boolean | null;
  readonly is_disputed: boolean;
}

export const UNKNOWN: Facts = { minutes: null, year: null, languages: null, genres: null, is_seen: false, is_ready: false, is_licensed: null, is_disputed: false };

/** Why a film with these facts is left out, or null where it stays. */
export type Rule = (facts: Facts) => string | null;

type Check = (facts: Facts) => boolean | null;

const VIOLENT: ReadonlySet<string> = new Set(['action', 'crime', 'horror', 'thriller', 'violence', 'violent', 'war', 'western']);
const FORMS: readonly (readonly [RegExp, (groups: readonly string[], languages: readonly string[]) => Check])[] = [
  [/^not seen$/, () => (facts) => !facts.is_seen],
  [/^at most ([0-9]{1,5}) minutes$/, ([most]) => (facts) => facts.minutes === null ? null : facts.minutes <= Number(most)],
  [/^at least ([0-9]{1,5}) minutes$/, ([least]) => (facts) => facts.minutes === null ? null : facts.minutes >= Number(least)],
  [/^from ([0-9]{4}) on$/, ([first]) => (facts) => facts.year === null ? null : facts.year >= Number(first)],
  [/^before ([0-9]{4})$/, ([end]) => (facts) => facts.year === null ? null : facts.year < Number(end)],
  [/^in a language i read$/, (_, languages) => spoken(languages)],
  [/^in ([a-z]{2,3}(?:(?:\s*,\s*|\s+or\s+)[a-z]{2,3})*)$/, ([codes]) => spoken(codes!.split(/\s*,\s*|\s+or\s+/))],
  [/^licensed here(?: tonight)?$/, () => (facts) => facts.is_licensed],
  [/^nothing violent$/, () => (facts) => facts.genres?.length ? !facts.genres.some((genre) => VIOLENT.has(genre)) : null],
  [/^no ([\p{L}\p{N}_' -]{2,40})$/u, ([genre]) => (facts) => facts.genres === null ? null : !facts.genres.includes(genre!)],
  [/^only ([\p{L}\p{N}_' -]{2,40})$/u, ([genre]) => (facts) => facts.genres === null ? null : facts.genres.includes(genre!)],
];

/** A rule from a person's words; throws `Refused` (`bad-receipt`) for others. */
export function ruleOf(text: string, languages: readonly string[]): Rule {
  const words = text.toLowerCase().trim().split(/\s+/).join(' ');
  for (const [form, made] of FORMS) {
    const found = form.exec(words);
    if (found === null) continue;
    const check = made(found.slice(1), languages);
    return (facts) => {
      const isKept = check(facts);
      return isKept ? null : isKept === null ? `${words}: not known of it` : words;
    };
  }
  throw new Refused('bad-receipt', `found the rule “${text.slice(0, 80)}”, expected one that is known`);
}

function spoken(codes: readonly string[]): Check {
  if (!codes.length) throw new Refused('bad-receipt', 'found “in a language I read” and no languages, expected them told');
  const read = new Set(codes.map((code) => code.toLowerCase()));
  return (facts) => (facts.languages?.length ? facts.languages.some((code) => read.has(code)) : null);
}
