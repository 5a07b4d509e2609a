/** Ed25519 with one strict verdict (RFC 8032): canonical S, A and R, none of small order, and no cofactor. */

import { Point } from '@noble/ed25519';
import { isSame, join, toHex, type Octets } from './octets';
import { Refused } from './refused';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const PRIME = 2n ** 255n - 19n;
const EIGHTH = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

// The y of all points whose order is 1, 2, 4 or 8, in canonical bytes with either sign: among them "minus zero".
const SMALL: ReadonlySet<string> = new Set(
  [0n, 1n, PRIME - 1n, EIGHTH, PRIME - EIGHTH].flatMap((y) => [0n, 1n].map((sign) => toHex(toLittle(y | (sign << 255n))))),
);

/** Whether these 32 bytes are neither of small order nor beyond p. That they lie on the curve is not looked at. */
export function isStrictPoint(data: Uint8Array): boolean {
  if (data.length !== 32 || SMALL.has(toHex(data))) return false;
  return (fromLittle(data) & ((1n << 255n) - 1n)) < PRIME;
}

/** Throws `Refused` (`bad-signature`) unless `signature` (64 bytes) is of `message` by the key `publicKey` (32 bytes). */
export async function verifySignature(publicKey: Octets, message: Octets, signature: Octets): Promise<void> {
  const r = signature.subarray(0, 32);
  if (signature.length !== 64 || !isStrictPoint(publicKey) || !isStrictPoint(r)) {
    throw new Refused('bad-signature', 'found a key or signature in a loose form, expected a strict one');
  }
  const s = fromLittle(signature.subarray(32));
  if (s >= ORDER) {
    throw new Refused('bad-signature', 'found a scalar S beyond the group’s order, expected a canonical one');
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-512', join([r, publicKey, message])));
  if (!isSame(expectedR(publicKey, s, fromLittle(digest) % ORDER), r)) {
    throw new Refused('bad-signature', 'found a signature by another key or of other bytes, expected the device’s own');
  }
}

/** The bytes of [S]B - [k]A, which an honest R equals; empty where A is no point. */
function expectedR(publicKey: Octets, s: bigint, k: bigint): Uint8Array {
  let key: Point;
  try {
    key = Point.fromBytes(publicKey, false);
  } catch {
    return new Uint8Array(0); // 32 bytes that lie beside the curve sign nothing
  }
  return Point.BASE.multiplyUnsafe(s).add(key.negate().multiplyUnsafe(k)).toBytes();
}

function fromLittle(data: Uint8Array): bigint {
  return BigInt('0x' + toHex(data.slice().reverse()));
}

function toLittle(value: bigint): Octets {
  const data = new Uint8Array(32);
  for (let at = 0; at < 32; at++) data[at] = Number((value >> BigInt(8 * at)) & 0xffn);
  return data;
}
