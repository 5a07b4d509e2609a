/** The files under a version's root, read through their ids: no byte leaves here that was not checked. */

import { Cid, RAW } from './cid';
import type { Octets } from './octets';
import { Refused } from './refused';
import { isName, parseNode, type Node } from './unixfs';

/** Gives a block that matches its id. */
export type GetBlock = (cid: Cid, signal: AbortSignal) => Promise<Octets>;

const MAX_DEPTH = 16;
const MAX_FOLDERS = 256;
const AT_ONCE = 8;

type Inner = Extract<Node, { sort: 'file' }>;

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
    return this.content({ cid, size: null }, maxBytes, signal);
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

  /** Reads of which blocks the file at `path` consists; none of its bytes. */
  async map(root: Cid, path: string, signal: AbortSignal): Promise<void> {
    const cid = await this.resolve(root, path);
    if (cid.codec !== RAW) await this.get(cid, signal);
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

  /** A file's bytes. They are written where they belong as they come, so that a slow block holds up no other. */
  private async content(part: Part, maxBytes: number, signal: AbortSignal): Promise<Octets> {
    const node = await this.piece(part, signal);
    const size = node.sort === 'leaf' ? node.data.length : node.size;
    if (size > maxBytes) throw new Refused('too-long', `found a file of ${size} bytes, expected at most ${maxBytes}`);
    if (node.sort === 'leaf') return node.data;
    const whole = new Uint8Array(size);
    await this.fill(node, whole, 1, signal);
    return whole;
  }

  /** A leaf or an inner node of a file, as long as its parent says. */
  private async piece(part: Part, signal: AbortSignal): Promise<Exclude<Node, { sort: 'folder' }>> {
    const node = parseNode(part.cid, await this.get(part.cid, signal));
    if (node.sort === 'folder') throw new Refused('not-a-file', `found ${part.cid} to be a folder, expected a file`);
    const size = node.sort === 'leaf' ? node.data.length : node.size;
    if (part.size !== null && part.size !== size) {
      throw new Refused('bad-node', `found ${size} bytes in ${part.cid}, expected the ${part.size} that its parent says`);
    }
    return node;
  }

  /** Writes the bytes under an inner node into `room`, which is exactly as long; a few parts are under way at a time. */
  private async fill(node: Inner, room: Octets, depth: number, signal: AbortSignal): Promise<void> {
    if (depth > MAX_DEPTH) throw new Refused('too-deep', `found a file of more than ${MAX_DEPTH} levels`);
    let next = 0;
    let place = 0;
    const work = async (): Promise<void> => {
      for (let part = node.parts[next++]; part !== undefined; part = node.parts[next++]) {
        const own = room.subarray(place, (place += part.size));
        const found = await this.piece(part, signal);
        if (found.sort === 'leaf') own.set(found.data);
        else await this.fill(found, own, depth + 1, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, node.parts.length) }, work));
  }
}
