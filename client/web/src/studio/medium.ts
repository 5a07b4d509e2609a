/** The ways in which a film may be shown, and their words. */

import type { Word } from '../words/words.svelte';

/** The media that a licence can be for, in the ledger's order, with their names. */
export const MEDIA = {
  cinema: 'medium.cinema',
  television: 'medium.television',
  streaming: 'medium.streaming',
  rental: 'medium.rental',
  download: 'medium.download',
  disc: 'medium.disc',
  education: 'medium.education',
  festival: 'medium.festival',
  transport: 'medium.transport',
  venue: 'medium.venue',
  remix: 'medium.remix',
} as const satisfies { readonly [medium: string]: Word };
export type Medium = keyof typeof MEDIA;
