/** Lists of things that this browser alone keeps, read back with distrust: another version may have written them. */

import { keep, kept } from '../words/words.svelte';

/** The list kept under a key: only what `is` takes, at most `most`; empty where something else was kept. */
export function readList<T>(key: string, most: number, is: (value: unknown) => value is T): readonly T[] {
  try {
    const found: unknown = JSON.parse(kept(key) ?? '[]');
    return Array.isArray(found) ? found.filter(is).slice(0, most) : [];
  } catch {
    return []; // no list was kept there
  }
}

/** Keeps a list as far as the browser allows. */
export function keepList(key: string, list: readonly unknown[]): void {
  keep(key, JSON.stringify(list));
}

/** Whether a value is an object whose fields of these names are text. */
export function hasTexts<N extends string>(value: unknown, ...names: N[]): value is { [name in N]: string } {
  return typeof value === 'object' && value !== null && names.every((name) => typeof (value as { [name: string]: unknown })[name] === 'string');
}
