/** What an author's roots sign: how it begins, whom it admits, whom it revokes, which root follows. Keys live for one act. */

import { getPublicKeyAsync } from '@noble/ed25519';
import { Cid } from '../verify/cid';
import type { Fields } from '../verify/dagcbor';
import { fromHex, join, sha256, type Octets } from '../verify/octets';
import { inceptionNonce, rootSeed } from './phrase';
import { newBody, writeRecord, type Sign, type Written } from './writing';

// The head of a PKCS #8 document of an Ed25519 seed (RFC 8410).
const PKCS8 = fromHex('302e020100300506032b657004220420');

/** A key that follows from the phrase. */
export interface RootKey {
  readonly device: Octets;
  readonly sign: Sign;
}

/** Where a root's next record stands, and which root it is by its number. */
export interface RootPlace {
  readonly author: string;
  readonly root: number;
  readonly seq: number;
  readonly prev: string | null;
  readonly time: number;
}

/** The root of this number; `device` is its public key. */
export async function rootKey(entropy: Octets, number: number): Promise<RootKey> {
  const seed = await rootSeed(entropy, number);
  const key = await crypto.subtle.importKey('pkcs8', join([PKCS8, seed]), 'Ed25519', false, ['sign']);
  const device = new Uint8Array(await getPublicKeyAsync(seed));
  return { device, sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message)) };
}

/** The inception that follows from a phrase: it says no time and no chance, so that it is the same wherever it is made. */
export async function inceptionOf(entropy: Octets): Promise<Written> {
  const [root, next] = [await rootKey(entropy, 0), await rootKey(entropy, 1)];
  const body = newBody('inception', await inceptionNonce(entropy), { root: root.device, next: await sha256(next.device) });
  return writeRecord(root.sign, { author: null, device: root.device, seq: 0, prev: null, time: 0 }, 'inception', body);
}

/** Begins an author: its inception, and the delegation of the first device. `nonce` gives 16 bytes that nobody can guess. */
export async function beginAuthor(
  entropy: Octets,
  device: Octets,
  name: string,
  nowMs: number,
  nonce: () => Octets,
): Promise<{ readonly author: string; readonly records: readonly Written[] }> {
  const inception = await inceptionOf(entropy);
  const author = inception.record.id.text;
  const place = { author, root: 0, seq: 1, prev: author, time: nowMs };
  return { author, records: [inception, await signByRoot(entropy, place, 'delegate', { device, name }, nonce())] };
}

/** Signs a record of a root at its place. */
export async function signByRoot(entropy: Octets, place: RootPlace, kind: string, fields: Fields, nonce: Octets): Promise<Written> {
  const key = await rootKey(entropy, place.root);
  const { author, seq, prev, time } = place;
  const at = { author: Cid.parse(author), device: key.device, seq, prev: prev === null ? null : Cid.parse(prev), time };
  return writeRecord(key.sign, at, kind, newBody(kind, nonce, fields));
}

/** The rotation by which the root of number `place.root` follows the one before, whose feed ends with `last`. */
export async function rotate(entropy: Octets, place: RootPlace, last: { readonly seq: number; readonly id: string }, nonce: Octets): Promise<Written> {
  const [root, next] = [await rootKey(entropy, place.root), await rootKey(entropy, place.root + 1)];
  const fields = { root: root.device, next: await sha256(next.device), previous: { seq: last.seq, head: Cid.parse(last.id) } };
  return signByRoot(entropy, { ...place, seq: 0, prev: null }, 'rotation', fields, nonce);
}
