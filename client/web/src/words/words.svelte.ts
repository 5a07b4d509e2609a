/** The words on the screen, from message files, in the reader's language. */

import { untrack } from 'svelte';
import type english from './en.json';
import begun from './en.json?first';

export type Word = keyof typeof english;
export type Language = 'en' | 'zh';
type Messages = { readonly [word in Word]?: string };
type Values = { readonly [name: string]: string | number };

const KEY = 'language';
const TAGS: { readonly [language in Language]: string } = { en: 'en', zh: 'zh-Hans' };

const FIRST: { readonly [language in Language]: () => Promise<Messages> } = {
  en: async () => begun,
  zh: async () => (await import('./zh.json?first')).default,
};
const LATER: { readonly [language in Language]: () => Promise<Messages> } = {
  en: async () => (await import('./en.json?later')).default,
  zh: async () => (await import('./zh.json?later')).default,
};

let language = $state<Language>('en');
let messages = $state.raw<Messages>(begun);
// What the first screen does not say, once it was asked for.
let coming: Promise<void> | null = null;

/** The language of the page now. */
export function spoken(): Language {
  return language;
}

/** The BCP 47 tag of the page's language. */
export function tag(): string {
  return TAGS[language];
}

/** Speaks `wanted` from now on, and the next time. */
export async function speak(wanted: Language, isChosen = true): Promise<void> {
  const first = await FIRST[wanted]();
  if (coming !== null) await LATER[wanted]();
  messages = first;
  language = wanted;
  if (coming !== null) await (coming = take(wanted));
  document.documentElement.lang = TAGS[wanted];
  if (isChosen) keep(KEY, wanted);
}

/** Waits for the words that the first screen does not say; every other screen begins with this. */
export function allWords(): Promise<void> {
  return (coming ??= take(untrack(() => language)));
}

/** Adds a language's later words to the first ones; what did not come is asked for the next time. */
async function take(of: Language): Promise<void> {
  try {
    const more = await LATER[of]();
    if (of === language) messages = { ...messages, ...more };
  } catch (error) {
    coming = null;
    throw error;
  }
}

/** The language chosen before, or else the browser's. */
export function preferred(): Language {
  const chosen = kept(KEY);
  if (chosen === 'en' || chosen === 'zh') return chosen;
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) && !navigator.language.startsWith('en') ? 'zh' : 'en';
}

/**
 * The message for `word`. `{name}` is replaced by a value; a message "one | many" is chosen by the value `count`.
 */
export function t(word: Word, values: Values = {}): string {
  let text = messages[word] ?? '';
  if (text.includes(' | ')) {
    const forms = text.split(' | ');
    const isOne = new Intl.PluralRules(TAGS[language]).select(Number(values['count'])) === 'one';
    text = (isOne ? forms[0] : forms.at(-1)) ?? text;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? value.toLocaleString('en') : value;
  });
}

/** A value kept in this browser, or null; a browser that keeps nothing is fine. */
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is denied: the page works, it only forgets
  }
}

/** Keeps a value in this browser as far as it allows. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // storage is denied: the choice holds until the page is left
  }
}

/** Forgets a value kept in this browser. */
export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // storage is denied: nothing was kept
  }
}
