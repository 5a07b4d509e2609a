/** Uploads that were begun earlier: the node keeps their bytes, this browser the fingerprint of their file. */

import { call } from '../ask/node';
import type { UploadAnswer } from '../ask/api';
import { forget, keep, kept } from '../words/words.svelte';

export type Begun = UploadAnswer;

const KEY = 'upload.';

/** The uploads that the node holds, newest first. */
export const begunUploads = (): Promise<readonly Begun[]> => call('GET /api/uploads');

/** Keeps in this browser which file an upload is of. */
export function remember(id: string, print: string): void {
  keep(KEY + id, print);
}

/** Forgets the file of an upload. */
export function forgetFile(id: string): void {
  forget(KEY + id);
}

/**
 * Which of `uploads` a file goes on with. `same`: by its fingerprint; `alike`: by name and size alone, because another
 * browser began it or this one keeps nothing.
 */
export function matching(uploads: readonly Begun[], file: { readonly name: string; readonly size: number }, print: string): { same?: Begun; alike?: Begun } {
  const sized = uploads.filter((one) => one.size_bytes === file.size);
  const same = sized.find((one) => kept(KEY + one.id) === print);
  if (same) return { same };
  const alike = sized.find((one) => one.filename === file.name && kept(KEY + one.id) === null);
  return alike ? { alike } : {};
}
