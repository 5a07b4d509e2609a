/** What the page may ask of the worker, and what comes back. */

import type { Depth } from './early';
import type { Pace } from './pace';
import type { ProvenReported } from './reported';
import type { Left } from './sources';
import type { ProvenCollection, ProvenFilm, ProvenReview, ProvenSaid, ProvenStars } from './shelf';

export interface Questions {
  /**
   * A film by its id, proved by its author's chain of records; null where none tells of it. `isKnownEnough`: what was
   * checked before will do, and newer records need not be asked for.
   */
  film: { ask: { film: string; isKnownEnough: boolean }; answer: ProvenFilm | null };
  /** A file under a version's root, every block of it checked. */
  file: { ask: { root: string; path: string; maxBytes: number }; answer: ArrayBuffer };
  /** A fresh public key (hex) for which the key of a version may be wrapped. */
  agree: { ask: { version: string }; answer: string };
  /** Opens a licensed version by the key that was wrapped (hex) for what `agree` gave last. */
  unlock: { ask: { version: string; root: string; wrapped: string }; answer: null };
  /** Has the blocks under way with which playing a version begins in these folders; answers when they came or failed. */
  ahead: { ask: { root: string; folders: readonly string[]; depth: Depth }; answer: null };
  /** Names the public gateways that may be asked for the blocks under a root, beside the page's own node. */
  sources: { ask: { root: string; gateways: readonly string[] }; answer: null };
  /** How fast the blocks under a root came so far; null where none has come. */
  pace: { ask: { root: string }; answer: Pace | null };
  /** One record, its id, signature and body checked. */
  record: { ask: { id: string }; answer: ProvenRecord };
  /** What people wrote about a film, newest first, proved and paged as the ratings are. */
  reviews: { ask: { film: string; after: string | null; limit: number }; answer: readonly ProvenReview[] };
  /** What was reported of a film, its versions and its author (`named`), and how nodes ruled, each newest first. */
  reported: { ask: { film: string; named: readonly string[]; limit: number }; answer: ProvenReported };
  /** What an author said in public, newest first: its last `offset` + `limit` records, each proved by its chain of keys. */
  said: { ask: { author: string; offset: number; limit: number }; answer: readonly ProvenSaid[] };
  /** A public list as its author said last; null where no record that counts began one. */
  collection: { ask: { id: string }; answer: ProvenCollection | null };
  /**
   * What viewers gave a film, newest first, each proved by its author's chain of records: those asked for before and at
   * most `limit` more, from behind the record `after` on.
   */
  ratings: { ask: { film: string; after: string | null; limit: number }; answer: readonly ProvenStars[] };
}

/** A record as a person reads it; `fields` is null where the body was forgotten. */
export interface ProvenRecord {
  readonly id: string;
  readonly author: string;
  readonly device: string;
  readonly kind: string;
  readonly seq: number;
  readonly time: number;
  readonly fields: { readonly [name: string]: unknown } | null;
}

export type Sort = keyof Questions;

export type Ask = { [S in Sort]: { readonly id: number; readonly sort: S; readonly ask: Questions[S]['ask'] } }[Sort];

/** What was checked so far under one root. */
export interface Tally {
  readonly root: string;
  readonly blocks: number;
  readonly bytes: number;
}

export type FromPage = Ask | { readonly id: number; readonly sort: 'leave' };

export type ToPage =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: { readonly reason: string; readonly sentence: string; readonly status: number } }
  | { readonly tally: Tally }
  | { readonly left: Left };
