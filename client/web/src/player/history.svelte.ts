/** What was watched in this browser, and when. Nobody else is told, and it is erased on request. */

import { chosen } from '../identity/choices.svelte';
import { hasTexts, keepList, readList } from '../identity/kept';

const KEY = 'history';
const MOST = 500;

/** A film that was begun here, last at `time` (ms). */
export interface Watching {
  readonly film: string;
  readonly name: string;
  readonly time: number;
}

let watched = $state.raw<readonly Watching[]>(readList('watched', MOST, isWatching));

function isWatching(value: unknown): value is Watching {
  return hasTexts(value, 'film', 'name') && typeof (value as { time?: unknown }).time === 'number';
}

/** The films, the last one first. */
export function watchedFilms(): readonly Watching[] {
  return watched;
}

/** Notes that a film was begun, unless the person wants no history. */
export function remember(film: string, name: string, time: number): void {
  if (!chosen(KEY)) return;
  put([{ film, name, time }, ...watched.filter((one) => one.film !== film)].slice(0, MOST));
}

/** Erases one film, or all of them. */
export function erase(film: string | null): void {
  put(film === null ? [] : watched.filter((one) => one.film !== film));
}

function put(changed: readonly Watching[]): void {
  watched = changed;
  keepList('watched', changed);
}
