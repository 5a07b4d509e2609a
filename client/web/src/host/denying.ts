/** What a line of the deny list means for the films that are known here. */

import type { Film } from '../ask/shapes';

/** The films that a line names, and how many bytes of theirs lie on this node. */
export interface Meant {
  readonly names: readonly string[];
  readonly bytes: number;
}

/** The films that the id of an author, a film, a version or a version's files names. */
export function meantBy(id: string, films: readonly Film[]): Meant {
  const names: string[] = [];
  let bytes = 0;
  for (const film of films) {
    const isWhole = id === film.id || id === film.author;
    const versions = film.versions.filter((one) => isWhole || id === one.id || id === one.root);
    if (!isWhole && !versions.length) continue;
    names.push(film.name);
    for (const one of versions) if (one.held) bytes += one.size_bytes;
  }
  return { names, bytes };
}
