/** What a report may be about, in words. */

import { t, type Word } from '../words/words.svelte';

const WORDS = {
  copyright: 'matter.copyright',
  illegal: 'matter.illegal',
  harm: 'matter.harm',
  privacy: 'matter.privacy',
  deceit: 'matter.deceit',
  other: 'matter.other',
} as const satisfies { readonly [ground: string]: Word };

/** The words that are offered, in their order. */
export const GROUNDS = ['copyright', 'illegal', 'harm', 'privacy', 'deceit', 'other'] as const;

/** A ground as a person reads it; one that is not known here stands as it was written. */
export function groundOf(ground: string): string {
  return Object.hasOwn(WORDS, ground) ? t(WORDS[ground as keyof typeof WORDS]) : ground;
}
