/** Further contract sets of a network: its founder names each, from a block on, in a statement that proves itself. */

import type { Cid } from '../verify/cid';
import { encode, isFields, type Value } from '../verify/dagcbor';
import { verifySignature } from '../verify/ed25519';
import { isSame, join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { recover } from './deeds';
import { keccak } from './keccak';

const MAX_SETS = 16;
const DOMAIN = new TextEncoder().encode('cinepeer/set/1\0');
const NAMES = 'deployer,from_block,number,signature';

/** One set beside those before it: who made it, from which block on it is in force, and the founder's signature. */
export interface FurtherSet {
  readonly number: number;
  readonly deployer: Octets;
  readonly fromBlock: number;
  readonly signature: Octets;
}

/** Who founded a network (a key of 32 bytes, an account of 20), who made its first set, and from which block on. */
export interface Founding {
  readonly founder: Octets;
  readonly deployer: Octets;
  readonly fromBlock: number;
}

/** Throws `Refused` (`bad-set`) unless each set follows the one before and the network's founder signed it. */
export async function verifyFurther(network: Cid, founding: Founding, sets: readonly FurtherSet[]): Promise<void> {
  const known = [founding.deployer];
  let last = founding.fromBlock;
  for (const [at, one] of sets.entries()) {
    if (one.number !== at + 2) throw bad(`found the contract set number ${one.number}, expected ${at + 2} to come next`);
    if (known.some((other) => isSame(other, one.deployer))) throw bad(`found a contract set of 0x${toHex(one.deployer)} twice`);
    if (one.fromBlock <= last) throw bad(`found a contract set from block ${one.fromBlock} on, expected one after block ${last}`);
    await verifyFounder(network, founding.founder, one);
    known.push(one.deployer);
    last = one.fromBlock;
  }
}

/** Reads further sets; throws `Refused` (`bad-set`). */
export function readFurther(values: readonly Value[]): readonly FurtherSet[] {
  if (values.length >= MAX_SETS) throw bad(`found ${values.length} further sets, expected less than ${MAX_SETS}`);
  return values.map(read);
}

async function verifyFounder(network: Cid, founder: Octets, one: FurtherSet): Promise<void> {
  const { number, deployer, fromBlock, signature } = one;
  const message = join([DOMAIN, encode({ number, deployer, from_block: fromBlock, network })]);
  try {
    if (founder.length === 32) await verifySignature(founder, message, signature);
    else if (!isSame(recover(keccak(message), signature), founder)) throw new Refused('bad-signature', 'found another account');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw bad(`found no signature of the founder ${toHex(founder)} over contract set ${number}, expected one`);
  }
}

function read(value: Value): FurtherSet {
  if (!isFields(value) || Object.keys(value).sort().join() !== NAMES) {
    throw bad('found other fields than those of a contract set, expected exactly those');
  }
  const { number, deployer, from_block: fromBlock, signature } = value;
  if (typeof number !== 'number' || number < 2 || number > MAX_SETS) throw bad(`found no number from 2 to ${MAX_SETS}`);
  if (typeof fromBlock !== 'number' || fromBlock < 0 || fromBlock > Number.MAX_SAFE_INTEGER) throw bad('found no first block');
  if (!(deployer instanceof Uint8Array) || deployer.length !== 20) throw bad('found no deployer of 20 bytes, expected one');
  if (!(signature instanceof Uint8Array) || (signature.length !== 64 && signature.length !== 65)) {
    throw bad('found no signature of 64 or 65 bytes, expected one');
  }
  return { number, deployer: deployer as Octets, fromBlock, signature: signature as Octets };
}

function bad(sentence: string): Refused {
  return new Refused('bad-set', sentence);
}
