/** A disk cap as a person types it, and what follows from it. */

import type { Word } from '../words/words.svelte';

const GB = 1e9;
const MOST_GB = 1e6;

/** A number of gigabytes in bytes, or null when it is none. */
export function bytesOf(gigabytes: string): number | null {
  const text = gigabytes.trim().replace(',', '.');
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(text)) return null;
  const value = Number(text);
  return value <= MOST_GB ? Math.round(value * GB) : null;
}

/** Bytes as gigabytes to type on: at most three decimals, none that say nothing. */
export function gigabytesOf(bytes: number): string {
  return String(Math.round(bytes / 1e6) / 1e3);
}

/** What setting a cap would do, as a message that takes `over` and `room`, sizes in bytes. */
export function consequenceOf(cap: number, stored: number, now: number): { readonly word: Word; readonly over: number; readonly room: number } | null {
  if (cap === now) return null;
  const [over, room] = [Math.max(0, stored - cap), Math.max(0, cap - stored)];
  if (over) return { word: 'cap.under', over, room };
  return { word: cap > now ? 'cap.more' : 'cap.less', over, room };
}
