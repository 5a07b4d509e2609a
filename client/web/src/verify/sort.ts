/** What a version is to its film, and which of several plays first: the newest whole one, never a trailer. */

import type { Fields } from './dagcbor';

const RANKS: { readonly [sort: string]: number } = { film: 0, cut: 0, dub: 1, trailer: 2 };

interface Placed {
  readonly id: string;
  readonly sort: string;
}

/** What a version's record says that it is; odd values say that it is the film. */
export function sortOf(fields: Fields): string {
  const said = fields['sort'];
  return typeof said === 'string' && Object.hasOwn(RANKS, said) ? said : 'film';
}

/** The lower the earlier it plays. */
export function rankOf(sort: string): number {
  return RANKS[sort] ?? 0;
}

/** Of versions in their order the one that plays first: one that lies here, as long as it is no lesser sort. */
export function firstOf<T extends Placed>(versions: readonly T[], isHeld: (version: T) => boolean): T | undefined {
  const [first] = versions;
  return versions.find((one) => rankOf(one.sort) === rankOf(first?.sort ?? '') && isHeld(one)) ?? first;
}
