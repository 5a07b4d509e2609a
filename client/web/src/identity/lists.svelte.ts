/** Private lists of films. They lie in this browser and nobody else is told; a list is public only once it is signed. */

import { hasTexts, keepList, readList } from './kept';

const KEY = 'lists';
const MOST = 100;

/** As many films as a list may hold, private or public. */
export const MOST_FILMS = 256;

export interface PrivateList {
  readonly id: string;
  readonly name: string;
  readonly films: readonly string[];
}

let lists = $state.raw<readonly PrivateList[]>(readList(KEY, MOST, isList));

function isList(value: unknown): value is PrivateList {
  if (!hasTexts(value, 'id', 'name')) return false;
  const { films } = value as { films?: unknown };
  return Array.isArray(films) && films.length <= MOST_FILMS && films.every((film) => typeof film === 'string');
}

/** The private lists, the newest first. */
export function privateLists(): readonly PrivateList[] {
  return lists;
}

/** Begins a list; `id` tells it from the others here. Returns whether there was room. */
export function begin(id: string, name: string, films: readonly string[]): boolean {
  if (lists.length >= MOST) return false;
  put([{ id, name, films: films.slice(0, MOST_FILMS) }, ...lists]);
  return true;
}

/** Puts a film into a list, at its end, or takes it out. Returns whether there was room. */
export function set(id: string, film: string, isIn: boolean): boolean {
  const list = lists.find((one) => one.id === id);
  if (list === undefined) return false;
  const others = list.films.filter((one) => one !== film);
  if (isIn && others.length >= MOST_FILMS) return false;
  put(lists.map((one) => (one === list ? { ...one, films: isIn ? [...others, film] : others } : one)));
  return true;
}

/** Forgets a list; returns it, for an undo. */
export function drop(id: string): PrivateList | null {
  const found = lists.find((one) => one.id === id) ?? null;
  put(lists.filter((one) => one.id !== id));
  return found;
}

function put(changed: readonly PrivateList[]): void {
  lists = changed;
  keepList(KEY, changed);
}
