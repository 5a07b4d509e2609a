/**
 * An author's keys: the root of the inception, then the root that its `next` promised, and so on. Each root keeps a
 * feed of its own, in which it admits and revokes devices; a rotation says where the feed before it ends.
 *
 * Keys are told by their hexadecimal digits.
 */

import type { Cid } from './cid';
import { ALL, NOTHING, Span } from './span';

export const MAX_ROOT_RECORDS = 1_024;
const MAX_ROOTS = 64;

/** A delegation (`limit` null) or a revocation (what it leaves of the device's feed), and where a root said it. */
export interface Act {
  readonly seq: number;
  readonly id: Cid;
  readonly device: string;
  readonly limit: Span | null;
}

class Root {
  cut = ALL;
  fork = ALL.before;
  span = NOTHING;
  private readonly acts = new Map<number, Act>();

  constructor(readonly next: string) {}

  take(act: Act): void {
    if (act.seq < this.fork) this.acts.set(act.seq, act);
  }

  /** From a fork on, nothing of a root's feed counts. */
  setFork(seq: number): void {
    this.fork = Math.min(this.fork, seq);
    for (const at of [...this.acts.keys()]) if (at >= seq) this.acts.delete(at);
  }

  /** The acts that count. */
  *counted(): Iterable<Act> {
    for (const act of this.acts.values()) if (this.span.covers(act.seq, act.id)) yield act;
  }
}

export class Keys {
  /** The devices of any valid delegation: whether it counts is another matter. */
  readonly delegated = new Set<string>();
  /** The sha2-256 of all keys that may open a feed with a rotation. */
  readonly promised = new Set<string>();
  private readonly roots = new Map<string, Root>();
  private readonly openers = new Map<string, string>();
  private chain = new Map<string, Root>();

  constructor(
    readonly first: string,
    next: string,
  ) {
    this.promised.add(next);
    this.roots.set(first, new Root(next));
    this.settle();
  }

  /** Takes a rotation by `root` (whose sha2-256 is `digest`), which leaves `limit` of the feed before it. */
  rotate(root: string, digest: string, next: string, limit: Span): void {
    this.promised.add(next);
    this.openers.set(digest, root);
    const opened = this.roots.get(root) ?? new Root(next);
    this.roots.set(root, opened);
    opened.cut = opened.cut.meet(limit);
    this.settle();
  }

  take(root: string, act: Act): void {
    if (act.limit === null) this.delegated.add(act.device);
    this.roots.get(root)?.take(act);
  }

  setFork(device: string, seq: number): void {
    const root = this.roots.get(device);
    if (root === undefined) return;
    root.setFork(seq);
    this.settle();
  }

  /** What the author's keys leave of a device's feed. Forks of a device that is no root come on top. */
  span(device: string): Span {
    const root = this.chain.get(device);
    if (root !== undefined) return root.span;
    let span = NOTHING;
    let limit = ALL;
    for (const one of this.chain.values()) {
      for (const act of one.counted()) {
        if (act.device !== device) continue;
        if (act.limit === null) span = ALL;
        else limit = limit.meet(act.limit);
      }
    }
    return span.meet(limit);
  }

  /** Follows the promises from the first root on; two rotations by one key end the chain. */
  private settle(): void {
    const chain = new Map<string, Root>();
    let at: string | undefined = this.first;
    while (at !== undefined) {
      const root: Root = this.roots.get(at)!;
      chain.set(at, root);
      let span = new Span(root.fork);
      const following: string | undefined = this.openers.get(root.next);
      at = undefined;
      if (following !== undefined && !chain.has(following) && chain.size < MAX_ROOTS) {
        const next = this.roots.get(following)!;
        span = span.meet(next.cut);
        if (next.fork > 0) at = following;
      }
      root.span = span;
    }
    for (const [device, root] of this.chain) if (!chain.has(device)) root.span = NOTHING;
    this.chain = chain;
  }
}
