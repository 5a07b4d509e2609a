/** Feeds: the fold of devices' chains of records. Who may sign, where a feed forked, what counts. */

import { Cid } from './cid';
import type { Fields } from './dagcbor';
import { Keys, MAX_ROOT_RECORDS } from './keys';
import { sha256, toHex, type Octets } from './octets';
import type { Record } from './record';
import { Refused } from './refused';
import { NOTHING, Span } from './span';

const AHEAD_MS = 600_000;
const KEY_KINDS: ReadonlySet<string> = new Set(['inception', 'rotation', 'delegate', 'revocation']);

interface Place {
  readonly seq: number;
  readonly time: number;
  readonly isRoot: boolean;
}

/** The records of one device for one author: a chain, or after a fork a tree. */
class Feed {
  readonly places = new Map<string, Place>();
  length = 0;
  fork = Infinity;
}

export class Feeds {
  private readonly authors = new Map<string, Keys>();
  private readonly feeds = new Map<string, Feed>();

  /** What must be held before this record ("author", "device", "prev"), "time" when it is far ahead, or null. */
  async missing(record: Record, nowMs: number): Promise<string | null> {
    return record.header.time > nowMs + AHEAD_MS ? 'time' : this.need(record);
  }

  private async need(record: Record): Promise<string | null> {
    const { author, prev, kind } = record.header;
    if (author === null) return null;
    const feed = this.feeds.get(feedKey(record));
    if (prev !== null && feed !== undefined) return feed.places.has(prev.text) ? null : 'prev';
    const keys = this.authors.get(author.text);
    if (keys === undefined) return 'author';
    const device = toHex(record.header.device);
    if (kind === 'rotation') return keys.promised.has(await digest(record.header.device)) ? null : 'device';
    if (!keys.delegated.has(device) && device !== keys.first) return 'device';
    return prev === null ? null : 'prev';
  }

  /**
   * Throws `Refused` for a record that cannot stand where it wants to. `fields` are those of its body, or null.
   * Whether a record is valid hangs on its header and its author's keys alone, so only key kinds need their bodies.
   */
  async verify(record: Record, fields: Fields | null): Promise<void> {
    const need = await this.need(record);
    if (need !== null) throw new Refused('not-connected', `found a record before its ${need}, expected it after`);
    const { kind, seq } = record.header;
    if (KEY_KINDS.has(kind)) verifyRoot(record, fields);
    if (record.header.author === null) return;
    const isRoot = this.verifyPlace(record);
    if (KEY_KINDS.has(kind) && !isRoot) throw new Refused('not-root', `found a ${kind} by a device, expected one by a root`);
    if (isRoot && seq >= MAX_ROOT_RECORDS) {
      throw new Refused('feed-full', `found the seq ${seq} of a root, expected one below ${MAX_ROOT_RECORDS}`);
    }
  }

  /** Checks how a record follows the one before; returns whether it stands in a root's own feed. */
  private verifyPlace(record: Record): boolean {
    const { prev, kind, seq, time, device } = record.header;
    if (prev === null) {
      if (toHex(device) === this.authors.get(record.author.text)!.first) {
        throw new Refused('bad-chain', `found a ${kind} at the begin of a root’s feed, expected its inception`);
      }
      return kind === 'rotation';
    }
    const before = this.feeds.get(feedKey(record))!.places.get(prev.text)!;
    if (kind === 'rotation') throw new Refused('bad-chain', `found a rotation at seq ${seq}, expected it to begin a feed`);
    if (seq !== before.seq + 1) throw new Refused('bad-chain', `found the seq ${seq}, expected ${before.seq + 1}`);
    if (time < before.time) throw new Refused('bad-chain', `found the time ${time} ms, expected none before ${before.time}`);
    return before.isRoot;
  }

  /** Folds in a record that `verify` has let pass; a second time changes nothing. */
  async apply(record: Record, fields: Fields | null): Promise<void> {
    const key = feedKey(record);
    const device = toHex(record.header.device);
    let feed = this.feeds.get(key);
    if (feed?.places.has(record.id.text)) return;
    if (record.header.author === null) this.authors.set(record.id.text, new Keys(device, toHex(fields!['next'] as Octets)));
    const keys = this.authors.get(record.author.text)!;
    if (feed === undefined) this.feeds.set(key, (feed = new Feed()));
    const { seq, prev, time, kind } = record.header;
    const isRoot = prev === null ? KEY_KINDS.has(kind) : feed.places.get(prev.text)!.isRoot;
    feed.places.set(record.id.text, { seq, time, isRoot });
    const isForked = seq < feed.length && seq < feed.fork;
    feed.length = Math.max(feed.length, seq + 1);
    if (isForked) feed.fork = seq;
    if (KEY_KINDS.has(kind) && fields !== null) await applyKeys(keys, record, fields);
    if (isForked) keys.setFork(device, seq);
  }

  /** Whether a record is held and counts: its device admitted, before any fork, within what is not revoked. */
  counts(record: Record): boolean {
    const feed = this.feeds.get(feedKey(record));
    const { seq, device } = record.header;
    if (feed === undefined || !feed.places.has(record.id.text) || seq >= feed.fork) return false;
    return this.authors.get(record.author.text)!.span(toHex(device)).covers(seq, record.id);
  }
}

async function applyKeys(keys: Keys, record: Record, fields: Fields): Promise<void> {
  const { kind, seq } = record.header;
  const root = toHex(record.header.device);
  if (kind === 'rotation') {
    const previous = fields['previous'] as { seq: number; head: Cid };
    // The begin of a feed is what promised its successor, so that nothing can cut it off.
    const limit = previous.seq ? new Span(previous.seq, previous.head) : new Span(1);
    keys.rotate(root, await digest(record.header.device), toHex(fields['next'] as Octets), limit);
  } else if (kind !== 'inception') {
    const device = toHex(fields['device'] as Octets);
    const head = fields['head'];
    const left = head instanceof Cid ? new Span(fields['seq'] as number, head) : NOTHING;
    keys.take(root, { seq, id: record.id, device, limit: kind === 'revocation' ? left : null });
  }
}

/** A key record has its body, and an inception and a rotation name the key that signs them. */
function verifyRoot(record: Record, fields: Fields | null): void {
  const { kind, device } = record.header;
  if (fields === null) throw new Refused('no-body', `found a record of kind ${kind} without its body, expected both`);
  const isOpening = kind === 'inception' || kind === 'rotation';
  if (isOpening && toHex(fields['root'] as Octets) !== toHex(device)) {
    throw new Refused('wrong-root', `found a record of kind ${kind} that names another root, expected the key that signed it`);
  }
}

function feedKey(record: Record): string {
  return `${record.author}/${toHex(record.header.device)}`;
}

async function digest(data: Octets): Promise<string> {
  return toHex(await sha256(data));
}
