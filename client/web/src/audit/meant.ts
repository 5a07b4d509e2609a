/** What a pasted thing means to an auditor: a film, an author, a record, or everything. */

import { isFilmId } from '../verify/bodies';

export interface Meant {
  readonly sort: 'film' | 'author' | 'record' | 'network' | 'catalogue';
  readonly id: string;
}

interface Known {
  readonly id: string;
  readonly name: string;
  readonly author: string;
}

/** What `text` means among the films known here; null for what is no id of ours. */
export function meant(text: string, films: readonly Known[]): Meant | null {
  // An address of this page or another node's ends with the id that it shows.
  const word = decodeURIComponentOr(text.trim().replace(/^https?:\/\/[^/]+\/film\//, '')).replace(/^\/film\//, '');
  if (word === 'network' || word === 'catalogue') return { sort: word, id: '' };
  if (films.some((one) => one.id === word)) return { sort: 'film', id: word };
  const named = films.filter((one) => one.name === word);
  if (named.length === 1) return { sort: 'film', id: named[0]!.id };
  if (films.some((one) => one.author === word)) return { sort: 'author', id: word };
  if (!isFilmId(word)) return null;
  return { sort: word.includes(':') ? 'film' : 'record', id: word };
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
