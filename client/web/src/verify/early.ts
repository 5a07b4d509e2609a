/**
 * Blocks that are asked for before the player asks: once a film's screen is open, where its blocks lie, and from Play on what
 * the first frame needs, all at once instead of one after the other. The player finds them under way or at hand, each once; they were checked like all others.
 */

import type { Cid } from './cid';
import type { Octets } from './octets';
import type { GetBlock, Tree } from './tree';

const MAX_BLOCKS = 64;
const MAX_FILE_BYTES = 16 << 20;

export class Early {
  private readonly blocks = new Map<string, Promise<Octets>>();

  /** `get` fetches and checks a block. */
  constructor(private readonly get: GetBlock) {}

  /** A block for the player: the one that is under way already, or a new one. */
  take(cid: Cid, signal: AbortSignal): Promise<Octets> {
    const found = this.blocks.get(cid.text);
    if (found === undefined) return this.get(cid, signal);
    this.blocks.delete(cid.text);
    // What failed ahead is asked for again: whoever plays is told why.
    return found.catch(() => this.get(cid, signal));
  }

  /** A block that will be wanted soon; never the reason of a failure. */
  begin(cid: Cid, signal: AbortSignal): Promise<Octets> {
    const found = this.blocks.get(cid.text);
    if (found !== undefined) return found;
    const coming = this.get(cid, signal);
    coming.catch(() => this.blocks.delete(cid.text));
    if (this.blocks.size < MAX_BLOCKS) this.blocks.set(cid.text, coming);
    return coming;
  }
}

/** What is read before anybody asked for the film: where its first blocks lie, or those blocks as well. */
export type Depth = 'map' | 'film';

/**
 * Reads, by a tree whose blocks begin early, what playing begins with: the master playlist and, of each of `folders`, its
 * playlist, head and first piece; of a `map`, of that piece only which blocks it consists of.
 */
export async function readAhead(tree: Tree, root: Cid, folders: readonly string[], depth: Depth): Promise<void> {
  const signal = new AbortController().signal;
  const read = (path: string): Promise<unknown> => tree.file(root, path, MAX_FILE_BYTES, signal);
  const map = (path: string): Promise<unknown> => tree.map(root, path, signal);
  const open = async (folder: string): Promise<void> => {
    const first = beginning(await tree.names(root, folder));
    await Promise.allSettled(first.map((name) => (depth === 'map' && isPiece(name) ? map : read)(`${folder}/${name}`)));
  };
  await Promise.allSettled([read('master.m3u8'), ...folders.map(open)]);
}

/** Which files of a rendition's folder the first frame needs. */
export function beginning(names: readonly string[]): string[] {
  const inOrder = new Intl.Collator('en', { numeric: true });
  const pieces = names.filter(isPiece).sort(inOrder.compare);
  return [...names.filter((name) => /\.(?:m3u8|mp4)$/.test(name)), ...pieces.slice(0, 1)];
}

function isPiece(name: string): boolean {
  return name.endsWith('.m4s');
}
