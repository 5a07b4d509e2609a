/** What people sign about a film, deed and offer (EIP-712), and whose signature it is. */

import { recoverPublicKey } from '@noble/secp256k1';
import { isFields, type Fields, type Value as Cbor } from '../verify/dagcbor';
import { isSame, join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { packed, word, type Kind, type Value } from './abi';
import { keccak, keccakText } from './keccak';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const DOMAIN = keccakText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)');
const WIDE = 63;

export const DEED: { readonly [name: string]: string } = {
  creator: 'address',
  content: 'bytes32',
  metadata: 'bytes32',
  fingerprint: 'bytes32',
  codec: 'uint8',
  royalty: 'uint16',
  deadline: 'uint256',
  holders: 'address[]',
  shares: 'uint16[]',
};

export const OFFER: { readonly [name: string]: string } = {
  title: 'uint256',
  seller: 'address',
  token: 'address',
  price: 'uint128',
  opens: 'uint40',
  closes: 'uint40',
  start: 'uint40',
  end: 'uint40',
  term: 'uint40',
  supply: 'uint32',
  media: 'uint32',
  remixShares: 'uint16',
  exclusive: 'bool',
  revocable: 'bool',
  territory: 'uint256',
  terms: 'bytes32',
  salt: 'uint256',
};

/** A Solidity struct: its name, the kinds of its fields in the contract's order, and their values. */
export class Struct {
  constructor(
    readonly name: string,
    readonly kinds: { readonly [name: string]: string },
    readonly values: readonly Value[],
  ) {}

  /** A field's value; numbers are bigints. */
  get(name: string): Value {
    return this.values[Object.keys(this.kinds).indexOf(name)]!;
  }

  big(name: string): bigint {
    return this.get(name) as bigint;
  }

  hex(name: string): string {
    return toHex(this.get(name) as Octets);
  }

  /** What is signed on a chain for one contract. */
  digest(domain: string, chainId: number, contract: Octets): Octets {
    const typed = `${this.name}(${Object.entries(this.kinds).map(([name, kind]) => `${kind} ${name}`).join(',')})`;
    const words = [keccakText(typed)];
    Object.values(this.kinds).forEach((kind, at) => {
      const value = this.values[at]!;
      words.push(kind.endsWith('[]') ? keccak(packed(kind.slice(0, -2), value as readonly Value[])) : word(kind, value));
    });
    return typedDigest(domainSeparator(domain, chainId, contract), keccak(...words));
  }
}

/** The kind of a struct in calldata and logs. */
export function kindOf(kinds: { readonly [name: string]: string }): Kind {
  return Object.values(kinds);
}

/** Reads a struct as records keep it; throws `Refused` (`bad-deed`). */
export function fromMap(name: string, kinds: { readonly [name: string]: string }, fields: Cbor): Struct {
  if (!isFields(fields) || Object.keys(fields).sort().join() !== Object.keys(kinds).sort().join()) {
    throw new Refused('bad-deed', `found other fields, expected those of ${name}`);
  }
  const values = Object.entries(kinds).map(([field, kind]) => unkept(kind, (fields as Fields)[field]!));
  try {
    Object.values(kinds).forEach((kind, at) => {
      const value = values[at]!;
      if (kind.endsWith('[]')) packed(kind.slice(0, -2), value as readonly Value[]);
      else word(kind, value);
    });
  } catch (error) {
    throw new Refused('bad-deed', `${name}: ${error instanceof Error ? error.message : ''}`);
  }
  const struct = new Struct(name, kinds, values);
  if (kinds['title'] !== undefined && struct.big('title') >= 1n << 160n) {
    throw new Refused('bad-deed', `${name}: found a title beyond 160 bits`);
  }
  return struct;
}

function unkept(kind: string, value: Cbor): Value {
  const bad = () => new Refused('bad-deed', `found another value, expected ${kind} as records keep it`);
  if (kind.endsWith('[]')) {
    if (!Array.isArray(value)) throw bad();
    return value.map((one) => unkept(kind.slice(0, -2), one));
  }
  const isBytes = value instanceof Uint8Array;
  if (kind === 'bool') {
    if (typeof value !== 'boolean') throw bad();
    return value;
  }
  if (!kind.startsWith('uint')) {
    if (!isBytes) throw bad();
    return value;
  }
  if (Number(kind.slice(4)) > WIDE) {
    if (!isBytes || value.length !== 32) throw bad();
    return BigInt('0x' + toHex(value));
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') throw bad();
  return BigInt(value);
}

/** The EIP-712 domain separator, version "1", of a contract. */
export function domainSeparator(name: string, chainId: number, contract: Octets): Octets {
  return keccak(DOMAIN, keccakText(name), keccakText('1'), word('uint256', BigInt(chainId)), word('address', contract));
}

export function typedDigest(separator: Octets, struct: Octets): Octets {
  return keccak(Uint8Array.of(0x19, 1), separator, struct);
}

/** The address (20 bytes) whose key signed a digest, in the one form the contracts take; throws `Refused` (`bad-signature`). */
export function recover(digest: Octets, signature: Octets): Octets {
  const v = signature[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28)) {
    throw new Refused('bad-signature', `found ${signature.length} bytes, expected r, s and v of 27 or 28 in 65 bytes`);
  }
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map((half) => BigInt('0x' + toHex(half))) as [bigint, bigint];
  if (r <= 0n || r >= ORDER || s <= 0n || s > ORDER / 2n) {
    throw new Refused('bad-signature', 'found r or s out of range, expected a canonical secp256k1 signature');
  }
  try {
    const whole = join([Uint8Array.of(v - 27), signature.subarray(0, 64)]);
    const compressed = recoverPublicKey(whole, digest, { prehash: false });
    return keccak(uncompressed(compressed)).slice(12);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused('bad-signature', 'found a signature of no key, expected one that recovers');
  }
}

const PRIME = 2n ** 256n - 2n ** 32n - 977n;

/** The 64 bytes of x and y of a compressed key: y is a root of x³ + 7. */
function uncompressed(key: Uint8Array): Octets {
  const x = BigInt('0x' + toHex(key.subarray(1)));
  let y = power((((x * x) % PRIME) * x + 7n) % PRIME, (PRIME + 1n) / 4n);
  if (Number(y & 1n) !== (key[0]! & 1)) y = PRIME - y;
  return join([key.subarray(1), word('uint256', y)]);
}

function power(base: bigint, exponent: bigint): bigint {
  let [found, square] = [1n, base];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) found = (found * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return found;
}

/** Whether two structs say the same. */
export function isSameStruct(one: Struct, other: Struct): boolean {
  return one.values.every((value, at) => isSameValue(value, other.values[at]!));
}

function isSameValue(one: Value, other: Value): boolean {
  if (one instanceof Uint8Array) return other instanceof Uint8Array && isSame(one, other);
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSameValue(item as Value, other[at] as Value));
  return one === other;
}
