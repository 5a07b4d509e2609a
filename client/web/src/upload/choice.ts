/** What a person dropped or chose, judged before a byte of it is sent: one film file, or why not. */

import type { Word } from '../words/words.svelte';

/** One thing that was dropped; `file` is null where it is none. */
export interface Dropped {
  readonly name: string;
  readonly isFolder: boolean;
  readonly file: File | null;
}

/** Why something cannot be sent, as a message with its values. */
export interface Objection {
  readonly word: Word;
  readonly values: { readonly [name: string]: string | number };
}

export type Choice = { readonly file: File; readonly objection?: never } | { readonly file?: never; readonly objection: Objection };

// Films whose type a browser does not know, or calls something else.
const FILM_SUFFIXES: ReadonlySet<string> = new Set(
  'mp4 m4v mov mkv webm avi mpg mpeg m2v ts mts m2ts mxf ogv wmv asf flv f4v 3gp 3g2 y4m dv vob rm rmvb nut gxf'.split(' '),
);
const OTHER_TYPES = /^(image|audio|text|font|model|message|application)\//;
const OPEN_TYPES: ReadonlySet<string> = new Set(['application/octet-stream', 'application/mxf', 'application/ogg', 'application/x-matroska', 'application/mp4']);

/** What lies in a drop. Has to be called while the drop is being told of: the browser forgets it after that. */
export function droppedIn(transfer: DataTransfer): Dropped[] {
  return [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => {
      const entry = item.webkitGetAsEntry();
      const file = item.getAsFile();
      return { name: entry?.name ?? file?.name ?? '', isFolder: entry?.isDirectory ?? false, file };
    });
}

/** The one film among what was dropped, or the sentence that says what was found instead. */
export function choose(dropped: readonly Dropped[]): Choice {
  const [first, ...more] = dropped;
  if (first === undefined) return refuse('file.nothing');
  if (more.length) return refuse('file.several', { count: dropped.length });
  if (first.isFolder) return refuse('file.folder', { name: first.name });
  if (first.file === null) return refuse('file.nothing');
  return judge(first.file);
}

/** One file that was chosen. */
export function judge(file: File): Choice {
  if (file.size === 0) return refuse('file.empty', { name: file.name });
  const suffix = file.name.includes('.') ? file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase() : '';
  const isOther = OTHER_TYPES.test(file.type) && !OPEN_TYPES.has(file.type) && !FILM_SUFFIXES.has(suffix);
  return isOther ? refuse('file.other', { name: file.name, type: file.type }) : { file };
}

function refuse(word: Word, values: Objection['values'] = {}): Choice {
  return { objection: { word, values } };
}
