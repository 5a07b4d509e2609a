/** Content ids: CIDv1 over sha2-256, in base32 (https://github.com/multiformats/cid). */

import { isSame, sha256, type Octets } from './octets';
import { Refused } from './refused';

export const RAW = 0x55;
export const DAG_PB = 0x70;
export const DAG_CBOR = 0x71;

const CODECS: ReadonlySet<number> = new Set([RAW, DAG_PB, DAG_CBOR]);
const SIZE = 36;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

/** A CIDv1 (version, codec, sha2-256 digest): 36 bytes, and the one text that prints them. */
export class Cid {
  readonly bytes: Octets;
  readonly text: string;

  private constructor(bytes: Octets) {
    this.bytes = bytes;
    this.text = 'b' + toBase32(bytes);
  }

  /** Checks and wraps binary CIDv1 bytes; throws `Refused` (`bad-cid`) for any other form. */
  static fromBytes(data: Octets): Cid {
    if (data.length !== SIZE || data[0] !== 1 || !CODECS.has(data[1]!) || data[2] !== 0x12 || data[3] !== 0x20) {
      throw new Refused('bad-cid', 'found other bytes, expected a CIDv1 with sha2-256 of raw, dag-pb or dag-cbor');
    }
    return new Cid(data);
  }

  /** Reads lower-case base32 text (`b…`); throws `Refused` (`bad-cid`). */
  static parse(text: string): Cid {
    const data = text.startsWith('b') ? fromBase32(text.slice(1)) : null;
    if (data === null) throw new Refused('bad-cid', `found “${text.slice(0, 80)}”, expected a CIDv1 in base32 (b…)`);
    const cid = Cid.fromBytes(data);
    if (cid.text !== text) throw new Refused('bad-cid', `found “${text.slice(0, 80)}”, expected ${cid.text}`);
    return cid;
  }

  /** The id of `block` under `codec`. */
  static async of(block: Octets, codec: number): Promise<Cid> {
    const data = new Uint8Array(SIZE);
    data.set([1, codec, 0x12, 0x20]);
    data.set(await sha256(block), 4);
    return Cid.fromBytes(data);
  }

  /** The multicodec number of the block's format. */
  get codec(): number {
    return this.bytes[1]!;
  }

  /** Whether `block` hashes to this id. */
  async isOf(block: Octets): Promise<boolean> {
    return isSame(await sha256(block), this.bytes.subarray(4));
  }

  equals(other: Cid | null): boolean {
    return other !== null && this.text === other.text;
  }

  toString(): string {
    return this.text;
  }
}

function toBase32(data: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const octet of data) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += LETTERS[(held >> bits) & 31];
    }
    held &= 31;
  }
  return bits ? text + LETTERS[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text: string): Octets | null {
  const data = new Uint8Array((text.length * 5) >> 3);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return null;
    held = ((held & 0xff) << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      data[at++] = (held >> bits) & 0xff;
    }
  }
  return data;
}
