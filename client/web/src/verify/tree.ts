/** The files under a version's root, read through their ids: no byte leaves here that was not checked. */

import { Cid } from './cid';
import { join, type Octets } from './octets';
import { Refused } from './refused';
import { isName, parseNode, type Node } from './unixfs';

/** Gives a block that matches its id. */
export type GetBlock = (cid: Cid, signal: AbortSignal) => Promise<Octets>;

const MAX_DEPTH = 16;
const MAX_FOLDERS = 256;
const AT_ONCE = 6;

/** A part of a file, and how long its parent says it is. */
interface Part {
  readonly cid: Cid;
  readonly size: number | null;
}

export class Tree {
  private readonly folders = new Map<string, Promise<Node>>();

  constructor(private readonly get: GetBlock) {}

  /** A file's bytes; throws `Refused` where there is none such or it is longer than `maxBytes`. */
  async file(root: Cid, path: string, maxBytes: number, signal: AbortSignal): Promise<Octets> {
    const cid = await this.resolve(root, path);
    signal.throwIfAborted();
    return this.content({ cid, size: null }, maxBytes, 0, signal);
  }

  /** The id at `path` under a folder. */
  async resolve(root: Cid, path: string): Promise<Cid> {
    let at = root;
    for (const name of path.split('/')) {
      if (!isName(name)) throw new Refused('bad-path', `found “${name.slice(0, 80)}” in a path, expected plain names`);
      const node = await this.folder(at);
      const next = node.sort === 'folder' ? node.entries.get(name) : undefined;
      if (next === undefined) throw new Refused('no-entry', `found no “${name}” in the folder ${at}, expected it there`);
      at = next;
    }
    return at;
  }

  /** The names in the folder at `path` under a root. */
  async names(root: Cid, path: string): Promise<string[]> {
    const node = await this.folder(await this.resolve(root, path));
    return node.sort === 'folder' ? [...node.entries.keys()] : [];
  }

  /** Folders are small and asked for again and again: they are remembered, files are not. */
  private folder(cid: Cid): Promise<Node> {
    const known = this.folders.get(cid.text);
    if (known !== undefined) return known;
    // One reading serves several who ask, so that none of them may end it.
    const reading = this.get(cid, new AbortController().signal).then((block) => parseNode(cid, block));
    if (this.folders.size >= MAX_FOLDERS) this.folders.clear();
    this.folders.set(cid.text, reading);
    // What could not be read now may be there later.
    reading.catch(() => this.folders.delete(cid.text));
    return reading;
  }

  private async content(part: Part, maxBytes: number, depth: number, signal: AbortSignal): Promise<Octets> {
    const node = parseNode(part.cid, await this.get(part.cid, signal));
    if (node.sort === 'folder') throw new Refused('not-a-file', `found ${part.cid} to be a folder, expected a file`);
    const size = node.sort === 'leaf' ? node.data.length : node.size;
    if (size > maxBytes) throw new Refused('too-long', `found a file of ${size} bytes, expected at most ${maxBytes}`);
    if (part.size !== null && part.size !== size) {
      throw new Refused('bad-node', `found ${size} bytes in ${part.cid}, expected the ${part.size} that its parent says`);
    }
    if (node.sort === 'leaf') return node.data;
    if (depth === MAX_DEPTH) throw new Refused('too-deep', `found a file of more than ${MAX_DEPTH} levels`);
    const pieces: Octets[] = [];
    for (let at = 0; at < node.parts.length; at += AT_ONCE) {
      const some = node.parts.slice(at, at + AT_ONCE);
      pieces.push(...(await Promise.all(some.map((one) => this.content(one, maxBytes, depth + 1, signal)))));
    }
    return join(pieces);
  }
}
