/** What a film is called and about in the reader's language, where its creator said so; otherwise as it was signed first. */

interface Named {
  readonly name: string;
  readonly synopsis?: string;
  readonly translations?: readonly { readonly language: string; readonly name: string; readonly synopsis: string }[];
}

/** The words to show; `original` is the first name where another one is shown, `language` the tag of what is shown then. */
export interface Shown {
  readonly name: string;
  readonly synopsis: string;
  readonly original: string;
  readonly language: string | undefined;
}

/** The words of a film for a reader of `tag` (BCP 47): the very language, else one that begins alike, else the first ones. */
export function inWords(film: Named, tag: string): Shown {
  const others = film.translations ?? [];
  const found = others.find((one) => one.language.toLowerCase() === tag.toLowerCase()) ?? others.find((one) => mainOf(one.language) === mainOf(tag));
  if (found === undefined) return { name: film.name, synopsis: film.synopsis ?? '', original: '', language: undefined };
  return { name: found.name, synopsis: found.synopsis || (film.synopsis ?? ''), original: found.name === film.name ? '' : film.name, language: found.language };
}

/** A film's name for a reader of `tag`, as the node tells of it; undefined where it tells of none. */
export function nameIn(film: { readonly name: string; readonly facts: Omit<Named, 'name'> } | undefined, tag: string): string | undefined {
  return film && inWords({ ...film.facts, name: film.name }, tag).name;
}

function mainOf(tag: string): string {
  return tag.toLowerCase().split('-', 1)[0]!;
}
