/** What the creator has typed of the next film; kept in this browser until it is published. */

import type { PublicationRequest } from '../ask/api';
import type { Medium } from './medium';
import { forget, keep, kept } from '../words/words.svelte';

const KEY = 'draft';

export interface Draft {
  /** Whether the file is another version of the own film `of`, and what it is to it; `label` is what it is called. */
  isVersion: boolean;
  of: string;
  sort: NonNullable<PublicationRequest['sort']>;
  label: string;
  /** Whether the film is made from another, `made` its page or id, and the part of the title that this one gets. */
  isMade: boolean;
  made: string;
  madePercent: string;
  name: string;
  year: string;
  synopsis: string;
  genres: string;
  languages: string;
  external: string;
  credits: { name: string; role: string }[];
  /** Name and synopsis in other languages, by their tags. */
  translations: { language: string; name: string; synopsis: string }[];
  /** Whether a title is to stand on the ledger; a film without one is free, and nobody is said to own it. */
  isTitled: boolean;
  owners: { holder: string; percent: string }[];
  isOffered: boolean;
  price: string;
  medium: Medium;
  territory: string;
  days: string;
  supply: string;
  isExclusive: boolean;
  /** The day of the premiere in UTC, as 2027-03-01; empty: at once. */
  premiere: string;
  isUnlisted: boolean;
  /** What the film shows that not everybody should see; `isHarmless`: nothing of that kind. Neither: nothing is said. */
  warnings: string[];
  isHarmless: boolean;
  /** Whether the film is encrypted, so that it plays by licence alone; `custodians` are authors who keep its key too. */
  isLicensed: boolean;
  custodians: string[];
}

const EMPTY: Draft = {
  isVersion: false,
  of: '',
  sort: 'cut',
  label: '',
  isMade: false,
  made: '',
  madePercent: '10',
  name: '',
  year: '',
  synopsis: '',
  genres: '',
  languages: '',
  external: '',
  credits: [],
  translations: [],
  isTitled: false,
  owners: [],
  isOffered: false,
  price: '',
  medium: 'cinema',
  territory: '',
  days: '',
  supply: '1000',
  isExclusive: false,
  premiere: '',
  isUnlisted: false,
  warnings: [],
  isHarmless: false,
  isLicensed: false,
  custodians: [],
};

function restored(): Draft {
  try {
    const found = JSON.parse(kept(KEY) ?? '{}') as Partial<Draft>;
    return { ...structuredClone(EMPTY), ...found };
  } catch {
    return structuredClone(EMPTY); // written by another version: begun anew
  }
}

export const draft: Draft = $state(restored());

/** Keeps the draft as it stands. */
export function keepDraft(): void {
  keep(KEY, JSON.stringify(draft));
}

/** Empties the draft once its film is published. */
export function emptyDraft(): void {
  Object.assign(draft, structuredClone(EMPTY));
  forget(KEY);
}
