/** Whether the code at an address is a contract of ours: the shipped bytes, and in their holes what belongs there. */

import { fromHex, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { word } from './abi';
import { domainSeparator } from './deeds';
import { keccak, keccakHex, keccakText } from './keccak';
import { NAMES } from './parts';
import { encode, uint } from './rlp';

const DOMAINS: { readonly [name: string]: string } = {
  TitleRegistry: 'CinepeerTitles',
  Licences: 'CinepeerLicences',
  Anchors: 'CinepeerAnchors',
};

/** What a verifier knows of the contracts: each code's Keccak with blank holes and their roles, purse and bond. */
export interface Shipped {
  readonly shapes: { readonly [name: string]: { readonly digest: string; readonly holes: readonly (readonly [number, string])[] } };
  readonly purse: string;
  readonly bond: string;
}

/** One set of contracts: addresses on a chain, in hexadecimal digits. */
export class ContractSet {
  readonly titles: string;
  readonly disputes: string;
  readonly licences: string;
  readonly anchors: string;

  constructor(
    readonly deployer: string,
    readonly chainId: number,
  ) {
    const made = NAMES.map((_, nonce) => toHex(keccak(encode([fromHex(deployer), uint(nonce)])).slice(12)));
    [this.titles, this.disputes, this.licences, this.anchors] = made as [string, string, string, string];
  }

  get addresses(): readonly string[] {
    return [this.titles, this.disputes, this.licences, this.anchors];
  }

  /** Contract names by address. */
  get names(): ReadonlyMap<string, string> {
    return new Map(this.addresses.map((address, at) => [address, NAMES[at]!]));
  }
}

/** The CREATE2 address (EIP-1014) of creation code with this Keccak, in hexadecimal digits. */
export function saltedAddress(creator: string, salt: Octets, code: string): string {
  return toHex(keccak(Uint8Array.of(0xff), fromHex(creator), salt, fromHex(code)).slice(12));
}

/** Throws `Refused` (`wrong-code`) unless `code` is the shipped contract `name`, made for this set. */
export function verifyCode(name: string, code: Octets, shipped: Shipped, contracts: ContractSet): void {
  const shape = shipped.shapes[name]!;
  const blank = code.slice();
  for (const [start] of shape.holes) if (start + 32 <= code.length) blank.fill(0, start, start + 32);
  const found = keccakHex(blank);
  if (found !== shape.digest) throw new Refused('wrong-code', `found code ${found} at ${name}, expected the shipped ${shape.digest}`);
  const words = rolesOf(name, contracts, shipped);
  for (const [start, role] of shape.holes) {
    const value = toHex(code.slice(start, start + 32));
    const wanted = toHex(words.get(role)!);
    if (value !== wanted) {
      throw new Refused('wrong-code', `found ${value} as ${role} in the code of ${name}, expected ${wanted}`);
    }
  }
}

function rolesOf(name: string, contracts: ContractSet, shipped: Shipped): Map<string, Octets> {
  const words = new Map<string, Octets>([
    ['titles', word('address', fromHex(contracts.titles))],
    ['disputes', word('address', fromHex(contracts.disputes))],
    ['arbiter', word('address', fromHex(contracts.deployer))],
    ['bond', word('uint256', BigInt(shipped.bond))],
    ['no token', new Uint8Array(32)],
    ['purse', fromHex(shipped.purse)],
  ]);
  const domain = DOMAINS[name];
  if (domain !== undefined) {
    const own = fromHex(contracts.addresses[NAMES.indexOf(name as (typeof NAMES)[number])]!);
    words.set('own address', word('address', own));
    words.set('domain', domainSeparator(domain, contracts.chainId, own));
    words.set('chain id', word('uint256', BigInt(contracts.chainId)));
    words.set("hash of the domain's name", keccakText(domain));
    words.set("hash of the domain's version", keccakText('1'));
    words.set("domain's name", short(domain));
    words.set("domain's version", short('1'));
  }
  return words;
}

/** A string under 32 bytes in one word, its length in the last byte. */
function short(text: string): Octets {
  const out = new Uint8Array(32);
  out.set(new TextEncoder().encode(text));
  out[31] = text.length;
  return out;
}
