/** Posters, read block by block through the version's root like everything of a film, and remembered. */

import { prove } from '../ask/prover';

const MAX_BYTES = 4 << 20;
const known = new Map<string, Promise<string | null>>();

/**
 * The address of a version's poster, or null. Only the blocks of versions held on this node are asked for
 * (`isLocal`): a picture is no reason to fetch from peers.
 */
export function poster(root: string, isLocal: boolean): Promise<string | null> {
  const found = known.get(root);
  if (found !== undefined) return found;
  if (!isLocal) return Promise.resolve(null);
  const reading = prove('file', { root, path: 'poster.jpg', maxBytes: MAX_BYTES }).then(
    (data) => URL.createObjectURL(new Blob([data], { type: 'image/jpeg' })),
    () => null, // no poster, or one that does not hold: the leader frame stands
  );
  known.set(root, reading);
  return reading;
}
