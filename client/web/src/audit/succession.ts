/** Who orders a network's blocks after whom: hand-overs from one sequencer's key to the next, signed by both. */

import type { Cid } from '../verify/cid';
import { encode, isFields, type Fields, type Value } from '../verify/dagcbor';
import { verifySignature } from '../verify/ed25519';
import { isSame, join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';

export const MAX_HANDOVERS = 64;

const MAX_ADDRS = 8;
const MAX_ADDR = 300;
const CONSENT = new TextEncoder().encode('cinepeer/candidate/1\0');
const HANDOVER = new TextEncoder().encode('cinepeer/handover/1\0');
const NAMES = ['addrs', 'consent', 'faucet', 'hash', 'height', 'number', 'sequencer', 'signature'];

/** One hand-over: after the block of `height` and `hash`, to the key `sequencer`, which agreed by `consent`. */
export interface Handover {
  readonly number: number;
  readonly sequencer: Octets;
  readonly faucet: Octets;
  readonly addrs: readonly string[];
  readonly consent: Octets;
  readonly height: number;
  readonly hash: Octets;
  readonly signature: Octets;
}

/** A network's sequencers: every key that ordered, the first first, and the hand-overs between them. */
export interface Succession {
  readonly keys: readonly Octets[];
  readonly handovers: readonly Handover[];
}

/** Checks every hand-over up to a block; throws `Refused` (`bad-handover`) for one that does not hold or comes later. */
export async function verifySuccession(network: Cid, first: Octets, handovers: readonly Handover[], block: number): Promise<Succession> {
  const keys = [first];
  let last = -1;
  for (const [at, one] of handovers.entries()) {
    if (one.number !== at + 1) throw bad(`found the hand-over number ${one.number}, expected ${at + 1} to come next`);
    if (keys.some((key) => isSame(key, one.sequencer))) throw bad(`found ${toHex(one.sequencer)}, which ordered before`);
    await holds(one.sequencer, CONSENT, asked(one), network, one.consent, "the new sequencer's consent");
    if (one.height <= last) throw bad(`found a hand-over after block ${one.height}, expected one after block ${last}`);
    const told = { ...asked(one), consent: one.consent, height: one.height, hash: one.hash };
    await holds(keys[at]!, HANDOVER, told, network, one.signature, 'the signature of the sequencer before');
    keys.push(one.sequencer);
    last = one.height;
  }
  if (last >= block) throw bad(`found a hand-over after block ${last}, expected none from ${block} on`);
  return { keys, handovers };
}

/** Who handed over to whom until now, as the end of a sentence; empty where nobody did. */
export function lineage({ keys, handovers }: Succession): string {
  return [...handovers]
    .reverse()
    .map((one) => `, to whom ${toHex(keys[one.number - 1]!)} handed over after block ${one.height}`)
    .join('');
}

/** Reads hand-overs; throws `Refused` (`bad-handover`). */
export function readHandovers(values: readonly Value[]): readonly Handover[] {
  if (values.length > MAX_HANDOVERS) throw bad(`found ${values.length} hand-overs, expected at most ${MAX_HANDOVERS}`);
  return values.map(read);
}

function read(value: Value): Handover {
  if (!isFields(value) || Object.keys(value).sort().join() !== NAMES.join()) {
    throw bad('found other fields than those of a hand-over, expected exactly those');
  }
  return {
    number: whole(value, 'number', 1, MAX_HANDOVERS),
    sequencer: octets(value, 'sequencer', 32),
    faucet: octets(value, 'faucet', 20),
    addrs: addresses(value['addrs']),
    consent: octets(value, 'consent', 64),
    height: whole(value, 'height', 0, Number.MAX_SAFE_INTEGER),
    hash: octets(value, 'hash', 32),
    signature: octets(value, 'signature', 64),
  };
}

function asked({ number, sequencer, faucet, addrs }: Handover): Fields {
  return { number, sequencer, faucet, addrs: [...addrs] };
}

async function holds(key: Octets, domain: Octets, told: Fields, network: Cid, signature: Octets, what: string): Promise<void> {
  try {
    await verifySignature(key, join([domain, encode({ ...told, network })]), signature);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw bad(`found ${what} (${toHex(key)}) that does not hold, expected it to`);
  }
}

function whole(fields: Fields, name: string, least: number, most: number): number {
  const found = fields[name];
  if (typeof found !== 'number' || found < least || found > most) throw bad(`found no ${name} from ${least} to ${most}`);
  return found;
}

function octets(fields: Fields, name: string, size: number): Octets {
  const found = fields[name];
  if (!(found instanceof Uint8Array) || found.length !== size) throw bad(`found no ${name} of ${size} bytes, expected one`);
  return found as Octets;
}

function addresses(found: Value | undefined): readonly string[] {
  if (!Array.isArray(found) || !found.length || found.length > MAX_ADDRS) throw bad(`found no list of 1 to ${MAX_ADDRS} addresses`);
  return found.map((one) => {
    if (typeof one !== 'string' || !one.includes('/p2p/') || one.length > MAX_ADDR) throw bad('found an address without a peer');
    return one;
  });
}

function bad(sentence: string): Refused {
  return new Refused('bad-handover', sentence);
}
