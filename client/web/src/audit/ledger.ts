/** The ledger's part of an audit: the network, the block and its signature, the contracts, the log, a title's head. */

import type { Cid } from '../verify/cid';
import { decode, isFields } from '../verify/dagcbor';
import { verifySignature } from '../verify/ed25519';
import { fromHex, join, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { ContractSet, verifyCode, type Shipped } from './code';
import { decodeAll, type Entry, type Log } from './events';
import { verifyFurther, type FurtherSet } from './further';
import { Inspection, moment, need } from './inspection';
import { keccakHex } from './keccak';
import { NAMES, type Get } from './parts';
import { parseHeader, readAccount, readSlot, Way, type Account, type AccountProof, type Header } from './proofs';
import { titleSlot } from './slots';
import { fold, type State, type Title } from './state';
import { lineage, verifySuccession, type Handover, type Succession } from './succession';

const BLOCK_DOMAIN = new TextEncoder().encode('cinepeer/block/1\0');

export interface Genesis {
  readonly name: string;
  readonly time: number;
  /** The first sequencer's key; null for a chain of others. */
  readonly sequencer: Octets | null;
  readonly contracts: ContractSet;
  readonly fromBlock: number;
}

/** What a bundle shows of one block. */
export interface BlockEvidence {
  readonly genesis: Cid;
  readonly header: Octets;
  readonly signature: Octets;
  readonly accounts: readonly AccountProof[];
  readonly code: readonly Octets[];
  readonly handovers: readonly Handover[];
  readonly sets: readonly FurtherSet[];
}

/** What the ledger's checks established; null where one did not hold. */
export class Ledger {
  genesis: Genesis | null = null;
  header: Header | null = null;
  succession: Succession | null = null;
  entries: readonly Entry[] | null = null;
  state: State | null = null;
  title: Title | null = null;
  readonly slots = new Map<string, bigint>();
  readonly accounts = new Map<string, Account>();

  /** The proven word in a slot; throws `Refused` when none was proven. */
  slot(name: string, slot: string): bigint {
    const value = this.slots.get(`${name}/${slot}`);
    if (value === undefined) throw new Refused('bad-proof', `found no proof of slot 0x${slot} of ${name}, expected one that holds`);
    return value;
  }

  /** The same block, for another title. */
  another(): Ledger {
    const made = new Ledger();
    [made.genesis, made.header, made.succession] = [this.genesis, this.header, this.succession];
    for (const [name, account] of this.accounts) made.accounts.set(name, account);
    return made;
  }
}

/** Makes every check of the network, the block and the contracts. */
export async function auditBlock(inspection: Inspection, evidence: BlockEvidence | null, get: Get, shipped: Shipped): Promise<Ledger> {
  const found = new Ledger();
  const parts = () => need(evidence, "reading the bundle's parts");
  found.genesis = await inspection.check('network', () => {
    const genesis = parseGenesis(need(get(parts().genesis), "the genesis block's hash"));
    return [`the network ${parts().genesis} ('${genesis.name}', chain ${genesis.contracts.chainId})`, genesis];
  });
  const isElsewhere = found.genesis?.sequencer === null;
  found.header = await inspection.check(isElsewhere ? 'block of a chain of others' : 'block', () => {
    const genesis = need(found.genesis, "the network's genesis");
    return genesis.sequencer === null ? headerElsewhere(parts(), genesis) : readHeader(parts(), genesis, genesis.sequencer, found);
  });
  if (evidence?.sets.length) found.genesis = await inspection.check('contract set', () => furtherSet(parts(), found));
  for (const [number, name] of NAMES.entries()) {
    await inspection.check(`contract ${name}`, () => contract(found, parts(), name, number, shipped));
  }
  return found;
}

async function readHeader(evidence: BlockEvidence, genesis: Genesis, first: Octets, found: Ledger): Promise<readonly [string, Header]> {
  const header = parseHeader(evidence.header);
  const succession = await verifySuccession(evidence.genesis, first, evidence.handovers, header.number);
  const key = succession.keys.at(-1)!;
  await verifySignature(key, join([BLOCK_DOMAIN, evidence.genesis.bytes, header.hash]), evidence.signature);
  if (header.time < genesis.time) throw new Refused('bad-header', `found block ${header.number} before the genesis`);
  found.succession = succession;
  const said = `block ${header.number} of ${moment(header.time)}, hash 0x${toHex(header.hash)}, signed by ${toHex(key)}`;
  return [said + lineage(succession), header];
}

function headerElsewhere(evidence: BlockEvidence, genesis: Genesis): readonly [string, Header] {
  if (evidence.signature.length || evidence.handovers.length) {
    throw new Refused('bad-form', "found a sequencer's signature of a chain of others, expected none");
  }
  const header = parseHeader(evidence.header);
  if (header.number < genesis.fromBlock) {
    throw new Refused('bad-header', `found block ${header.number}, expected one from ${genesis.fromBlock} on`);
  }
  const said = `block ${header.number} of ${moment(header.time)}, hash 0x${toHex(header.hash)}`;
  return [`${said}, as the bundle's maker found it on chain ${genesis.contracts.chainId}`, header];
}

/** The genesis with the contracts of the set that the bundle is about, in place of its own. */
async function furtherSet(evidence: BlockEvidence, found: Ledger): Promise<readonly [string, Genesis]> {
  const genesis = need(found.genesis, "the network's genesis");
  const deployer = fromHex(genesis.contracts.deployer);
  await verifyFurther(evidence.genesis, { founder: genesis.sequencer ?? deployer, deployer, fromBlock: genesis.fromBlock }, evidence.sets);
  const last = evidence.sets.at(-1)!;
  const block = need(found.header, "the block's header and its signature").number;
  if (block < last.fromBlock) throw new Refused('bad-set', `found block ${block}, expected one from ${last.fromBlock} on`);
  const contracts = new ContractSet(toHex(last.deployer), genesis.contracts.chainId);
  const said = `set ${last.number}, made by 0x${contracts.deployer}, in force from block ${last.fromBlock} on`;
  return [said, { ...genesis, contracts, fromBlock: last.fromBlock }];
}

function contract(found: Ledger, evidence: BlockEvidence, name: string, number: number, shipped: Shipped): readonly [string, true] {
  const contracts = need(found.genesis, "the network's genesis").contracts;
  const wanted = contracts.addresses[number]!;
  const proofs = evidence.accounts.filter((one) => one.address === wanted);
  if (proofs.length !== 1) throw new Refused('bad-proof', `found ${proofs.length} proofs of 0x${wanted}, expected one`);
  const stateRoot = need(found.header, "the block's header and its signature").stateRoot;
  const account = readAccount(stateRoot, fromHex(wanted), proofs[0]!.nodes);
  const code = evidence.code[number]!;
  if (keccakHex(code) !== toHex(account.codeHash)) {
    throw new Refused('wrong-code', `found code ${keccakHex(code)} of ${name}, expected ${toHex(account.codeHash)} as proven`);
  }
  verifyCode(name, code, shipped, contracts);
  found.accounts.set(name, account);
  for (const { slot, nodes } of proofs[0]!.slots) {
    found.slots.set(`${name}/${slot}`, readSlot(account.storageRoot, slot, new Way(nodes)));
  }
  return [`${name} at 0x${wanted}, ${code.length} bytes of code, ${proofs[0]!.slots.length} slots proven`, true];
}

/** Replays the log into `found`, of one title alone with `only`. */
export async function auditReplay(inspection: Inspection, logs: () => readonly Log[], found: Ledger, only: string | null = null): Promise<void> {
  found.state = await inspection.check('log', () => {
    const names = need(found.genesis, "the network's genesis").contracts.names;
    const height = need(found.header, "the block's header and its signature").number;
    const entries = decodeAll(logs(), names);
    const last = entries.at(-1)?.log.block ?? 0;
    if (last > height) throw new Refused('bad-log', `found an entry of block ${last}, expected none after ${height}`);
    const state = fold(entries, only);
    found.entries = entries;
    return [`${entries.length} entries of ${state.titles.size} titles up to block ${height}`, state];
  });
}

/** Checks the replay against the title's proven head. */
export async function auditHead(inspection: Inspection, id: () => string, found: Ledger): Promise<void> {
  found.title = await inspection.check("title's record is complete", () => {
    const title = need(found.state, 'the replay of the log').titles.get(id());
    if (title === undefined) throw new Refused('bad-ledger', `found no registration of 0x${id()} in the log`);
    const proven = found.slot('TitleRegistry', titleSlot(title.id, 1)).toString(16).padStart(64, '0');
    if (proven !== toHex(title.head)) {
      throw new Refused(
        'bad-ledger',
        `found the head ${toHex(title.head)} by replay, expected ${proven} as proven: the record of this title is incomplete or altered`,
      );
    }
    return [`${title.entries} entries, head ${proven}`, title];
  });
}

function parseGenesis(block: Octets): Genesis {
  const fields = decode(block);
  if (!isFields(fields)) throw new Refused('bad-genesis', 'found no map, expected the genesis of a network');
  const [name, chainId, time] = [fields['name'], fields['chain_id'], fields['time']];
  if (typeof name !== 'string' || typeof chainId !== 'number' || typeof time !== 'number' || chainId <= 0) {
    throw new Refused('bad-genesis', 'found no name, chain id and time, expected the genesis of a network');
  }
  const contracts = new ContractSet(toHex(hexed(fields['deployer'], 20)), chainId);
  if ('sequencer' in fields) return { name, time, sequencer: hexed(fields['sequencer'], 32), contracts, fromBlock: 0 };
  hexed(fields['parent'], 32);
  const fromBlock = fields['from_block'];
  if (typeof fromBlock !== 'number' || fromBlock < 0) throw new Refused('bad-genesis', 'found no first block, expected its number');
  return { name, time, sequencer: null, contracts, fromBlock };
}

function hexed(value: unknown, size: number): Octets {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : '';
  if (!/^[0-9a-fA-F]*$/.test(digits) || digits.length !== 2 * size) {
    throw new Refused('bad-genesis', `found “${String(value).slice(0, 80)}” in the genesis, expected ${size} bytes in hex`);
  }
  return fromHex(digits);
}
