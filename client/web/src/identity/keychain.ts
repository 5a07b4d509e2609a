/** Who may sign for an author, folded from its records as any reader folds them. */

import { admitPair, readPairs, type Admitted } from '../verify/admission';
import type { Cid } from '../verify/cid';
import { encode, type Fields } from '../verify/dagcbor';
import { Feeds } from '../verify/feeds';
import { toHex, type Octets } from '../verify/octets';
import type { Record } from '../verify/record';

const KEY_KINDS: ReadonlySet<string> = new Set(['inception', 'rotation', 'delegate', 'revocation']);

/** A record's place in its feed. */
export interface Last {
  readonly seq: number;
  readonly id: string;
  readonly time: number;
}

/** A device of an author; `last` is its last record that counts, among those that are held. */
export interface OwnDevice {
  readonly key: string;
  readonly name: string;
  readonly state: 'admitted' | 'revoked' | 'forked';
  readonly counted: number;
  readonly last: Last | null;
}

/** The root that speaks: which one it is by its number, its last record that counts, and from where on it has forked. */
export interface Speaking {
  readonly number: number;
  readonly key: string;
  readonly last: Last;
  readonly forkedAt: number | null;
}

export class Keychain {
  private readonly feeds = new Feeds();
  private readonly held = new Map<string, Admitted>();

  constructor(
    readonly author: string,
    private readonly nowMs: () => number,
  ) {}

  /** Takes a DAG-CBOR list of [record, body] pairs; those of others are left out. Throws `Refused` at the first that does not hold. */
  async admit(list: Octets): Promise<void> {
    for (const pair of readPairs(list)) {
      const one = await admitPair(this.feeds, pair, this.nowMs(), (record) => record.author.text === this.author && !this.held.has(record.id.text));
      if (one !== null) this.held.set(one.record.id.text, one);
    }
  }

  /** Whether the author's inception is here. */
  get isKnown(): boolean {
    return this.held.has(this.author);
  }

  /** The key records that are held, in an order that others can admit, as a DAG-CBOR list. */
  get chain(): Octets {
    return encode([...this.held.values()].filter(({ record }) => KEY_KINDS.has(record.header.kind)).map(({ pair }) => pair));
  }

  /** The devices that were ever admitted, in that order. */
  devices(): OwnDevice[] {
    const revoked = new Set(this.counted('revocation').map(({ fields }) => toHex(fields['device'] as Octets)));
    const found = new Map<string, OwnDevice>();
    for (const { fields } of this.counted('delegate')) {
      const key = toHex(fields['device'] as Octets);
      if (found.has(key)) continue;
      const records = this.of(key);
      const state = forkOf(records) !== null ? 'forked' : revoked.has(key) ? 'revoked' : 'admitted';
      found.set(key, { key, name: fields['name'] as string, state, counted: this.good(key).length, last: lastOf(this.good(key)) });
    }
    return [...found.values()];
  }

  /** The root that speaks for the author, or null without the author's inception. */
  speaking(): Speaking | null {
    const first = this.held.get(this.author);
    if (first === undefined) return null;
    let [number, key] = [0, toHex(first.record.header.device)];
    const rotations = this.counted('rotation');
    for (let isOn = true; isOn; ) {
      const next = rotations.find(({ fields }) => this.deviceOf((fields['previous'] as { head: Cid }).head.text) === key);
      isOn = next !== undefined && number < rotations.length;
      if (isOn) [number, key] = [number + 1, toHex(next!.record.header.device)];
    }
    return { number, key, last: lastOf(this.good(key))!, forkedAt: forkOf(this.of(key)) };
  }

  private deviceOf(id: string): string {
    const found = this.held.get(id);
    return found === undefined ? '' : toHex(found.record.header.device);
  }

  private of(key: string): Admitted[] {
    return [...this.held.values()].filter(({ record }) => toHex(record.header.device) === key);
  }

  private good(key: string): Admitted[] {
    return this.of(key).filter(({ record }) => this.feeds.counts(record));
  }

  private counted(kind: string): { readonly record: Record; readonly fields: Fields }[] {
    return [...this.held.values()].flatMap(({ record, fields }) =>
      record.header.kind === kind && fields !== null && this.feeds.counts(record) ? [{ record, fields }] : [],
    );
  }
}

function lastOf(records: readonly Admitted[]): Last | null {
  let last: Last | null = null;
  for (const { record } of records) {
    const { seq, time } = record.header;
    if (last === null || seq > last.seq) last = { seq, id: record.id.text, time };
  }
  return last;
}

/** The lowest seq that two records share, or null. */
function forkOf(records: readonly Admitted[]): number | null {
  const seen = new Set<number>();
  let fork: number | null = null;
  for (const { record } of records) {
    const { seq } = record.header;
    if (seen.has(seq) && (fork === null || seq < fork)) fork = seq;
    seen.add(seq);
  }
  return fork;
}
