/**
 * Where a version's blocks come from: the page's own node, and the public gateways of its hosts. Whoever gives other bytes
 * is asked no more while another is there; whoever is slow is asked last for a while.
 */

import type { Cid } from './cid';
import type { Octets } from './octets';
import { Refused } from './refused';

/** The page's own node. */
export const OWN = '';

const MAX_GATEWAYS = 16;
const REST_MS = 30_000;

/** How long a block is waited for while another source could be asked: less than a piece of the film lasts. */
export const SOON_MS = 3_000;
const PATIENCE_MS = 60_000;

/** Fetches a block from a source and checks it; throws `Refused` for other bytes, anything else where none come. */
export type FetchFrom = (source: string, root: string, cid: Cid, signal: AbortSignal, patienceMs: number) => Promise<Octets>;

/** A source that was left for another one, and why. */
export interface Left {
  readonly root: string;
  readonly source: string;
  readonly sort: 'lied' | 'slow';
  readonly sentence: string;
}

export class Sources {
  private readonly gateways = new Map<string, readonly string[]>();
  private readonly liars = new Set<string>();
  private readonly restUntil = new Map<string, number>();
  /** What one source alone was asked for, before others were known. */
  private readonly alone = new Map<string, Set<AbortController>>();

  constructor(
    private readonly fetchFrom: FetchFrom,
    private readonly nowMs: () => number,
    private readonly tell: (left: Left) => void,
  ) {}

  /** Which gateways say to hold a version; what waits for the one source known before is asked for anew. */
  name(root: string, gateways: readonly string[]): void {
    this.gateways.set(root, gateways.slice(0, MAX_GATEWAYS));
    if (gateways.length) for (const one of this.alone.get(root) ?? []) one.abort();
  }

  /** A block that matches its id, from whoever gives it; throws the worst of what came instead. */
  async block(root: string, cid: Cid, signal: AbortSignal): Promise<Octets> {
    const order = this.order(root);
    if (order.length === 1) return this.only(order[0]!, root, cid, signal);
    let worst: unknown = null;
    for (const [place, source] of order.entries()) {
      const isLast = place === order.length - 1;
      try {
        return await this.fetchFrom(source, root, cid, signal, isLast ? PATIENCE_MS : SOON_MS);
      } catch (error) {
        if (signal.aborted) throw error;
        if (worst === null || error instanceof Refused) worst = error;
        if (order.length > 1) this.leave(root, source, error);
      }
    }
    throw worst;
  }

  /** A block from the one source there is, until others are named. */
  private async only(source: string, root: string, cid: Cid, signal: AbortSignal): Promise<Octets> {
    const cut = new AbortController();
    const waiting = this.alone.get(root) ?? new Set();
    this.alone.set(root, waiting.add(cut));
    try {
      return await this.fetchFrom(source, root, cid, AbortSignal.any([signal, cut.signal]), PATIENCE_MS);
    } catch (error) {
      if (!cut.signal.aborted || signal.aborted) throw error;
      return this.block(root, cid, signal);
    } finally {
      waiting.delete(cut);
    }
  }

  /** Those that may be asked, in their order: our own node first, those that rest last. */
  private order(root: string): string[] {
    const all = [OWN, ...(this.gateways.get(root) ?? [])];
    const honest = all.filter((source) => !this.liars.has(source));
    const rests = (source: string): number => Number((this.restUntil.get(source) ?? 0) > this.nowMs());
    return (honest.length ? honest : all).sort((a, b) => rests(a) - rests(b));
  }

  private leave(root: string, source: string, error: unknown): void {
    const isLie = error instanceof Refused;
    const isNews = isLie ? !this.liars.has(source) : (this.restUntil.get(source) ?? 0) <= this.nowMs();
    if (isLie) this.liars.add(source);
    else this.restUntil.set(source, this.nowMs() + REST_MS);
    if (isNews) this.tell({ root, source, sort: isLie ? 'lied' : 'slow', sentence: error instanceof Error ? error.message : String(error) });
  }
}
