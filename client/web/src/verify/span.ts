/** Spans: how much of a device's feed counts, as a beginning of it. */

import type { Cid } from './cid';

/** The records with a seq below `before`, and of those at `before` the one named by `head`, if it is held. */
export class Span {
  constructor(
    readonly before: number,
    readonly head: Cid | null = null,
  ) {}

  /** Whether the record with this id and seq counts. */
  covers(seq: number, record: Cid): boolean {
    return seq < this.before || (seq === this.before && record.equals(this.head));
  }

  /** What both cover. */
  meet(other: Span): Span {
    if (this.before !== other.before) return this.before < other.before ? this : other;
    return this.head === other.head || this.head?.equals(other.head) ? this : new Span(this.before);
  }

  equals(other: Span): boolean {
    return this.before === other.before && (this.head === other.head || (this.head?.equals(other.head) ?? false));
  }
}

export const ALL = new Span(2 ** 53);
export const NOTHING = new Span(0);
