/**
 * The feed of the page's device. It never holds two records of one seq: a record is kept before it is sent, and what was
 * kept is sent again, the same bytes, until the node has said that it holds them. One tab at a time may sign.
 */

import { Cid } from '../verify/cid';
import type { Fields } from '../verify/dagcbor';
import { fromHex, type Octets } from '../verify/octets';
import { Unavailable } from '../verify/refused';
import type { Drawer, DeviceKey, Kept } from './drawer';
import { newBody, writeRecord, type Sign } from './writing';

/** What the node knows of a device: what its next record must carry, or null where nothing of it counts any more. */
export interface Standing {
  readonly next: { readonly seq: number; readonly prev: string | null; readonly time_ms: number } | null;
}

/** The node, as far as a feed needs it. */
export interface Taker {
  /** Where the device stands; null where the node does not know it. */
  standing(device: string): Promise<Standing | null>;
  /** Has the node's root admit the device once more; safe to repeat. */
  admit(device: string, name: string): Promise<void>;
  /** Sends records; returns the sentence with which one was not taken, or null. */
  send(records: readonly Kept[]): Promise<string | null>;
}

/** What a feed needs of the browser beside the drawer: time, chance, and that no other tab signs meanwhile. */
export interface World {
  readonly nowMs: () => number;
  readonly nonce: () => Octets;
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

/** Where the next record stands; `time` is the earliest that it may have. */
interface Next {
  readonly seq: number;
  readonly prev: string | null;
  readonly time: number;
}

/** Nothing more that this device signs counts: its author or a fork has ended it. */
export class Ended extends Error {}

/** The node did not take a record of this page's; the message is its sentence. */
export class NotTaken extends Error {}

export class Feed {
  constructor(
    private readonly key: DeviceKey,
    private readonly drawer: Drawer,
    private readonly taker: Taker,
    private readonly world: World,
  ) {}

  /**
   * Signs a record and has the node take it. Where the answer is lost the record is kept, `isTaken` is false, and
   * `settle` sends it again. Throws `Ended`, `NotTaken`, `Denied`, and `Unavailable` where nothing was signed.
   */
  sign(kind: string, fields: Fields): Promise<Kept> {
    return this.alone(async () => {
      const kept = await this.write(await this.next(), kind, fields);
      try {
        await this.send([kept]);
        return { ...kept, isTaken: true };
      } catch (error) {
        if (error instanceof Unavailable) return kept;
        throw error;
      }
    });
  }

  /** Sends what a lost answer left open; returns whether there was any. */
  settle(): Promise<boolean> {
    return this.alone(async () => {
      const isOpen = (await this.drawer.records(this.key.device)).some((one) => !one.isTaken);
      if (isOpen) await this.next();
      return isOpen;
    });
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.world.alone(`cinepeer/feed/${this.key.device}`, work);
  }

  /** Has the node hold all that was signed before; returns where the next record stands. */
  private async next(): Promise<Next> {
    const { device, name } = this.key;
    let standing = await this.taker.standing(device);
    if (standing === null) {
      await this.taker.admit(device, name);
      standing = await this.taker.standing(device);
    }
    if (standing === null || standing.next === null) throw new Ended(device);
    const { seq, prev, time_ms } = standing.next;
    const records = await this.drawer.records(device);
    // A node that lost records gets them again; nothing is ever signed a second time in their place.
    const behind = records.filter((one) => one.seq >= seq || !one.isTaken);
    if (behind.length) await this.send(behind);
    const last = records.at(-1);
    const isKnown = last !== undefined && last.seq >= seq - 1;
    return isKnown ? { seq: last.seq + 1, prev: last.id, time: last.time + 1 } : { seq, prev, time: time_ms };
  }

  private async write({ seq, prev, time }: Next, kind: string, fields: Fields): Promise<Kept> {
    const place = {
      author: Cid.parse(this.key.author),
      device: fromHex(this.key.device),
      seq,
      prev: prev === null ? null : Cid.parse(prev),
      time: Math.max(this.world.nowMs(), time),
    };
    const written = await writeRecord(signer(this.key.keys.privateKey), place, kind, newBody(kind, this.world.nonce(), fields));
    const { record, block, body } = written;
    const kept = { device: this.key.device, seq, id: record.id.text, time: place.time, block, body, isTaken: false };
    await this.drawer.putRecord(kept);
    return kept;
  }

  private async send(records: readonly Kept[]): Promise<void> {
    const sentence = await this.taker.send(records);
    if (sentence !== null) throw new NotTaken(sentence);
    for (const one of records) await this.drawer.putRecord({ ...one, isTaken: true });
  }
}

/** Signs by a key that WebCrypto keeps to itself. */
export function signer(key: CryptoKey): Sign {
  return async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message));
}
