/** Reports of screenings, where the person chose to send them: what waits here, what was told, and how to stop it. */

import { Declined, call } from '../ask/node';
import { isChild } from '../child/child.svelte';
import { chosen } from '../identity/choices.svelte';
import { hasTexts, keepList, readList } from '../identity/kept';
import { Unavailable } from '../verify/refused';
import { partOf, tell } from './lot';

const KEY = 'tellings';
const MOST = 200;
const REST_MS = 6 * 3_600_000; // who goes on within this time is still at the same screening
const FORGET_MS = 30 * 24 * 3_600_000;

/** A film's report: how far its viewer came, at `time` (ms); `told`: what the lot made of it, once it is drawn. */
export interface Telling {
  readonly film: string;
  readonly name: string;
  readonly reached: number;
  readonly told: number | null;
  readonly isSent: boolean;
  readonly time: number;
}

let list = $state.raw<readonly Telling[]>(readList(KEY, MOST, isTelling));

function isTelling(value: unknown): value is Telling {
  if (!hasTexts(value, 'film', 'name')) return false;
  const { reached, told, isSent, time } = value as unknown as { [name: string]: unknown };
  return typeof reached === 'number' && (told === null || typeof told === 'number') && typeof isSent === 'boolean' && typeof time === 'number';
}

function put(changed: readonly Telling[]): void {
  list = changed.slice(0, MOST);
  keepList(KEY, list);
}

/** What waits and what was sent, the last one first. */
export function tellings(): readonly Telling[] {
  return list;
}

/** Notes how far a film was watched, unless it was told already, nothing shall be, or a child is watching. */
export function noteReach(film: string, name: string, at: number, whole: number, time: number): void {
  if (!chosen('tell') || isChild()) return;
  const before = list.find((one) => one.film === film);
  if (before && before.told !== null) return;
  const reached = Math.max(before?.reached ?? 0, partOf(at, whole));
  put([{ film, name, reached, told: null, isSent: false, time }, ...list.filter((one) => one !== before)]);
}

/** Takes a report out: one that waits is never sent. */
export function dropTelling(film: string): void {
  put(list.filter((one) => one.film !== film));
}

/** Takes out all that wait; what was sent stays listed, so that it is not sent again. */
export function dropWaiting(): void {
  put(list.filter((one) => one.isSent));
}

/** Sends what has rested, each drawn by lot once: whoever asked often would learn the truth. */
export async function sendDue(now: number, chance: () => number = byte): Promise<void> {
  if (!chosen('tell')) return;
  put(list.filter((one) => one.isSent || now - one.time < FORGET_MS));
  for (const one of list.filter((other) => !other.isSent && now - other.time >= REST_MS)) {
    const drawn = { ...one, told: one.told ?? tell(one.reached, chance) };
    put(list.map((other) => (other.film === one.film ? drawn : other)));
    try {
      await call('POST /api/films/{film}/screenings', { path: { film: one.film }, body: { reached: drawn.told } });
    } catch (error) {
      if (error instanceof Declined && error.status < 500) dropTelling(one.film); // one's own film, or one that is gone
      else if (!(error instanceof Declined || error instanceof Unavailable)) throw error;
      continue;
    }
    put(list.map((other) => (other.film === one.film ? { ...drawn, isSent: true } : other)));
  }
}

function byte(): number {
  return crypto.getRandomValues(new Uint8Array(1))[0]!;
}
