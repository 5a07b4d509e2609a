/** What a child may see: pure rules over what a film says of itself. */

/** What films may warn of, in the words of their records. */
export const WARNINGS = ['violence', 'fear', 'sex', 'nudity', 'language', 'drugs', 'suicide', 'discrimination', 'flashing'] as const;
export type Warning = (typeof WARNINGS)[number];

/** A parent's rules: null and empty lists leave everything open. `films` are those of the lists that were chosen, null: no list was. */
export interface Rules {
  readonly longestMinutes: number | null;
  readonly dayMinutes: number | null;
  readonly languages: readonly string[];
  readonly without: readonly Warning[];
  /** Whether films that say nothing of their content are kept out too. */
  readonly mustSay: boolean;
  readonly lists: readonly string[];
}

/** What the rules look at; `warnings` is null where the film says nothing of its content. */
export interface Judged {
  readonly id: string;
  readonly durationsMs: readonly number[];
  readonly languages: readonly string[];
  readonly warnings: readonly string[] | null;
}

/** Why a film is kept from a child. */
export type Bar = 'list' | 'long' | 'language' | 'warned' | 'unsaid' | 'day';

/** Why the rules keep a film out, or null; `films` are the films of the chosen lists. */
export function barOf(rules: Rules, film: Judged, films: ReadonlySet<string>): Bar | null {
  if (rules.lists.length && !films.has(film.id)) return 'list';
  const shortest = Math.min(...film.durationsMs);
  if (rules.longestMinutes !== null && !(shortest <= rules.longestMinutes * 60_000)) return 'long';
  if (rules.languages.length && !film.languages.some((one) => rules.languages.includes(tongueOf(one)))) return 'language';
  if (film.warnings?.some((one) => (rules.without as readonly string[]).includes(one))) return 'warned';
  if (rules.mustSay && film.warnings === null) return 'unsaid';
  return null;
}

/** The language of a tag without its region: "en" of "en-GB". */
export function tongueOf(tag: string): string {
  return tag.toLowerCase().split('-')[0]!;
}

/** The languages in what a person typed, "en, zh"; null where one of them is none. */
export function parseLanguages(text: string): string[] | null {
  const found = text.split(/[\s,;，、]+/).filter(Boolean).map(tongueOf);
  return found.every((one) => /^[a-z]{2,3}$/.test(one)) ? [...new Set(found)] : null;
}

/** Rules that were kept here, read back with distrust; null where something else was kept. */
export function readRules(found: unknown): Rules | null {
  if (typeof found !== 'object' || found === null) return null;
  const { longestMinutes, dayMinutes, languages, without, mustSay, lists } = found as { [name: string]: unknown };
  const isLimit = (value: unknown): value is number | null => value === null || (typeof value === 'number' && value > 0);
  const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (!isLimit(longestMinutes) || !isLimit(dayMinutes) || typeof mustSay !== 'boolean') return null;
  if (!isTexts(languages) || !isTexts(without) || !isTexts(lists)) return null;
  return { longestMinutes, dayMinutes, languages, without: without as Warning[], mustSay, lists };
}
