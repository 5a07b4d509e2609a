/** The PIN of the child profile: a slow salted hash, and few tries. It keeps a child out, not a grown-up with the device. */

import { fromHex, toHex } from '../verify/octets';
import { keep, kept } from '../words/words.svelte';

const KEY = 'child-pin';
const ROUNDS = 600_000;
const SALT_BYTES = 16;
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;

/** What is kept of a PIN: its hash, how often another one was tried in a row, and when that was last. */
interface Pin {
  readonly salt: string;
  readonly hash: string;
  readonly rounds: number;
  readonly failed: number;
  readonly lastMs: number;
}

/** What came of a try: it is right, it is wrong, or nothing was tried and in `waitMs` one may try again. */
export type Tried = { readonly sort: 'right' } | { readonly sort: 'wrong'; readonly left: number } | { readonly sort: 'wait'; readonly waitMs: number };

/** Whether four to eight digits were typed. */
export function isPin(text: string): boolean {
  return /^[0-9]{4,8}$/.test(text);
}

/** Keeps a PIN in place of the one before. */
export async function setPin(pin: string, rounds = ROUNDS): Promise<void> {
  const salt = toHex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  put({ salt, rounds, hash: await hashed(pin, salt, rounds), failed: 0, lastMs: 0 });
}

/** Tries a PIN; each try counts before it is looked at, so that closing the page in between wins none. */
export async function tryPin(pin: string, nowMs: number): Promise<Tried> {
  const found = read();
  if (found === null) return { sort: 'wrong', left: 0 };
  const waitMs = waitOf(found, nowMs);
  if (waitMs > 0) return { sort: 'wait', waitMs };
  put({ ...found, failed: found.failed + 1, lastMs: nowMs });
  if ((await hashed(pin, found.salt, found.rounds)) !== found.hash) return { sort: 'wrong', left: Math.max(0, FREE_TRIES - found.failed - 1) };
  put({ ...found, failed: 0, lastMs: 0 });
  return { sort: 'right' };
}

/** How long nobody may try, in ms: longer after each try past the fifth. A clock that was turned back wins nothing. */
function waitOf({ failed, lastMs }: Pin, nowMs: number): number {
  if (failed < FREE_TRIES) return 0;
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failed - FREE_TRIES));
  return Math.max(0, Math.min(wait, lastMs + wait - nowMs));
}

async function hashed(pin: string, salt: string, rounds: number): Promise<string> {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt: fromHex(salt), iterations: rounds };
  return toHex(new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)));
}

function read(): Pin | null {
  try {
    const found = JSON.parse(kept(KEY) ?? 'null') as Partial<Pin> | null;
    const isPinKept = typeof found?.salt === 'string' && typeof found.hash === 'string' && Number(found.rounds) >= 1;
    return isPinKept ? { salt: found.salt!, hash: found.hash!, rounds: found.rounds!, failed: Number(found.failed) || 0, lastMs: Number(found.lastMs) || 0 } : null;
  } catch {
    return null; // something else was kept
  }
}

function put(pin: Pin): void {
  keep(KEY, JSON.stringify(pin));
}
