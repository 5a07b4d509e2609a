/** What a film is called and about in other languages, as its record says; other programs may have written it. */

import type { Value } from './dagcbor';

const MAX_TRANSLATIONS = 32;
const MAX_NAME_BYTES = 1_024;
const MAX_TEXT_BYTES = 16_384;
const TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/; // BCP 47, as far as its form goes

/** A film's name and synopsis in a language, a BCP 47 tag such as zh-Hans. */
export interface Translation {
  readonly language: string;
  readonly name: string;
  readonly synopsis: string;
}

/** Those in a film record's `translations`, the first of each language; what has another form is left out. */
export function translationsOf(found: Value | undefined): Translation[] {
  const read = new Map<string, Translation>();
  for (const one of Array.isArray(found) ? found.slice(0, MAX_TRANSLATIONS) : []) {
    const { language, name, synopsis } = (one ?? {}) as { readonly [field: string]: unknown };
    if (typeof language !== 'string' || typeof name !== 'string' || typeof synopsis !== 'string') continue;
    const fits = name !== '' && bytesOf(name) <= MAX_NAME_BYTES && bytesOf(synopsis) <= MAX_TEXT_BYTES;
    if (fits && TAG.test(language) && !read.has(language.toLowerCase())) read.set(language.toLowerCase(), { language, name, synopsis });
  }
  return [...read.values()];
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
