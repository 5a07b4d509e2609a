/** The child profile of this browser: whether it is on, what it lets through, and how long was watched today. */

import { privateLists } from '../identity/lists.svelte';
import { keep, kept } from '../words/words.svelte';
import { barOf, readRules, type Bar, type Judged, type Rules } from './rules';

const KEY = 'child';
const DAY = 'child-day';

/** A profile that was begun and cannot be read keeps everything out. */
const CLOSED: Rules = { longestMinutes: 1, dayMinutes: 1, languages: [], without: [], mustSay: true, lists: ['?'] };

let rules = $state.raw<Rules | null>(readOn());
let watchedS = $state(readDay());

function readOn(): Rules | null {
  const text = kept(KEY);
  if (text === null || text === '') return null;
  try {
    return readRules(JSON.parse(text)) ?? CLOSED;
  } catch {
    return CLOSED;
  }
}

/** Whether a child is looking. */
export function isChild(): boolean {
  return rules !== null;
}

/** Begins the profile with these rules, or ends it. What asks for the PIN stands before this. */
export function setChild(wanted: Rules | null): void {
  rules = wanted;
  keep(KEY, wanted === null ? '' : JSON.stringify(wanted));
}

/** Why a film is kept from who is looking, or null. */
export function barred(film: Judged): Bar | null {
  if (rules === null) return null;
  const chosen = privateLists().filter((one) => rules!.lists.includes(one.id));
  return barOf(rules, film, new Set(chosen.flatMap((one) => one.films))) ?? (isOver() ? 'day' : null);
}

/** Whether a film may stand in a row, as the node tells of it. How long was watched today is another matter. */
export function mayStand(film: { readonly id: string; readonly facts: { readonly languages?: readonly string[] }; readonly versions: readonly { readonly duration_ms: number }[] }): boolean {
  if (rules === null) return true;
  const { languages = [], warnings = null } = film.facts as { languages?: readonly string[]; warnings?: readonly string[] | null };
  const bar = barred({ id: film.id, durationsMs: film.versions.map((one) => one.duration_ms), languages, warnings });
  return bar === null || bar === 'day';
}

/** Whether today's minutes are over. */
export function isOver(): boolean {
  return rules?.dayMinutes != null && watchedS >= rules.dayMinutes * 60;
}

/** Notes that a child watched for some seconds. */
export function watched(seconds: number): void {
  if (rules === null) return;
  watchedS = readDay() + seconds;
  keep(DAY, JSON.stringify({ day: today(), seconds: watchedS }));
}

function readDay(): number {
  try {
    const { day, seconds } = JSON.parse(kept(DAY) ?? '{}') as { day?: unknown; seconds?: unknown };
    return day === today() && typeof seconds === 'number' ? seconds : 0;
  } catch {
    return 0; // nothing was kept
  }
}

function today(): string {
  const now = new Date();
  return `${now.getFullYear()}-${now.getMonth() + 1}-${now.getDate()}`;
}
