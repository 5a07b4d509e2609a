/** People who sign in tests: real keys, real chains. */

import { signer } from '../src/identity/feed';
import { newBody, writeRecord, type Written } from '../src/identity/writing';
import type { Cid } from '../src/verify/cid';
import { encode, type Fields } from '../src/verify/dagcbor';
import type { Octets } from '../src/verify/octets';

export const BORN_MS = 1_700_000_000_000;

/** One key and the feed that it signs. */
export class Writer {
  readonly written: Written[] = [];
  private constructor(
    private readonly key: CryptoKey,
    readonly device: Octets,
  ) {}

  static async made(): Promise<Writer> {
    const keys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
    return new Writer(keys.privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey)));
  }

  async write(author: Cid | null, kind: string, fields: Fields, atMs: number): Promise<Written> {
    const last = this.written.at(-1);
    const place = { author, device: this.device, seq: this.written.length, prev: last?.record.id ?? null, time: BORN_MS + atMs };
    const body = newBody(kind, crypto.getRandomValues(new Uint8Array(16)), fields);
    this.written.push(await writeRecord(signer(this.key), place, kind, body));
    return this.written.at(-1)!;
  }
}

/** An author: its root admits one device, which signs. */
export class Person {
  private constructor(
    readonly root: Writer,
    readonly device: Writer,
    readonly id: Cid,
  ) {}

  static async born(): Promise<Person> {
    const [root, device] = [await Writer.made(), await Writer.made()];
    const { id } = (await root.write(null, 'inception', { root: root.device, next: new Uint8Array(32) }, 0)).record;
    await root.write(id, 'delegate', { device: device.device, name: 'page' }, 1);
    return new Person(root, device, id);
  }

  sign(kind: string, fields: Fields, atMs: number): Promise<Written> {
    return this.device.write(this.id, kind, fields, atMs);
  }
}

/** All records of people as a node lists them, some without their bodies. */
export function listOf(people: readonly Person[], ...without: Written[]): Octets {
  const all = people.flatMap(({ root, device }) => [...root.written, ...device.written]);
  return encode(all.map((one) => [one.block, without.includes(one) ? null : one.body]));
}
