/** How far this browser has watched which films. Nobody else is told. */

import { keep, kept } from '../words/words.svelte';

const KEY = 'watching';
const MAX_FILMS = 50;
const BEGUN_S = 5; // who left this soon has not begun
const ENDED_SHARE = 0.95; // of a film: what follows are its credits

/** A film that was begun and not ended: where, of how long (both in seconds), and when it was watched last (ms). */
export interface Watched {
  readonly film: string;
  readonly root: string;
  readonly at: number;
  readonly whole: number;
  readonly time: number;
}

let watched = $state.raw<readonly Watched[]>(read());

function read(): readonly Watched[] {
  try {
    const found: unknown = JSON.parse(kept(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter(isWatched).slice(0, MAX_FILMS) : [];
  } catch {
    return []; // something else was kept there: nothing was begun
  }
}

function isWatched(value: unknown): value is Watched {
  if (typeof value !== 'object' || value === null) return false;
  const { film, root, at, whole, time } = value as { [name: string]: unknown };
  return typeof film === 'string' && typeof root === 'string' && [at, whole, time].every((one) => typeof one === 'number' && one >= 0);
}

/** Films that were begun here, the last watched first. */
export function begun(): readonly Watched[] {
  return watched;
}

/** Where watching a version goes on, in seconds; 0 from the beginning. */
export function placeIn(root: string): number {
  return watched.find((one) => one.root === root)?.at ?? 0;
}

/** Notes how far a version was watched; one that has ended, or hardly begun, is forgotten. */
export function note(film: string, root: string, at: number, whole: number, time: number): void {
  const others = watched.filter((one) => one.film !== film);
  const isOpen = at >= BEGUN_S && at < whole * ENDED_SHARE;
  watched = isOpen ? [{ film, root, at, whole, time }, ...others].slice(0, MAX_FILMS) : others;
  keep(KEY, JSON.stringify(watched));
}

/** Forgets all of it. */
export function forgetAll(): void {
  watched = [];
  keep(KEY, '[]');
}
