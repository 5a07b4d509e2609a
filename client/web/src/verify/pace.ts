/** How fast a version's blocks came so far, and what that says of the wait between Play and the first picture. */

/** What was seen of one version: how many blocks, the shortest wait for one, and the most bytes that a millisecond brought. */
export interface Pace {
  readonly blocks: number;
  readonly waitMs: number;
  readonly bytesPerMs: number;
}

// Playlists, then folders, then the first pieces: what is asked for together waits once.
const ROUNDS = 3;
const PIECE_S = 4;
// A smaller block takes as long as the way to it, and tells nothing of speed.
const TELLING_BYTES = 16 << 10;
const MAX_VERSIONS = 256;

/** The paces of versions, by their roots. */
export class Paces {
  private readonly seen = new Map<string, Pace>();

  /** Notes a block that came over the line. */
  note(root: string, ms: number, bytes: number): void {
    const before = this.seen.get(root) ?? { blocks: 0, waitMs: Infinity, bytesPerMs: 0 };
    // What came within a clock's tick counts as one tick.
    const took = Math.max(1, ms);
    if (!this.seen.has(root) && this.seen.size >= MAX_VERSIONS) this.seen.delete(this.seen.keys().next().value!);
    this.seen.set(root, {
      blocks: before.blocks + 1,
      waitMs: Math.min(before.waitMs, took),
      bytesPerMs: bytes < TELLING_BYTES ? before.bytesPerMs : Math.max(before.bytesPerMs, bytes / took),
    });
  }

  /** The pace of a version; null where no block of it has come yet that tells of its speed. */
  of(root: string): Pace | null {
    const found = this.seen.get(root);
    return found?.bytesPerMs ? found : null;
  }
}

/** How long the first picture of a rendition of so many bits a second takes at a pace, in seconds. */
export function startsIn(pace: Pace, bitsPerS: number): number {
  return (ROUNDS * pace.waitMs + (PIECE_S * bitsPerS) / 8 / pace.bytesPerMs) / 1000;
}
