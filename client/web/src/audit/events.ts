/** The entries of the ledger's log, decoded by a table of our own; whatever is not in it is refused. */

import { toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { decode, topic, unword, written, type Kind, type Value } from './abi';
import { kindOf, OFFER, Struct } from './deeds';

/** One log entry as a bundle gives it; bytes are hexadecimal digits. */
export interface Log {
  readonly address: string;
  readonly topics: readonly Octets[];
  readonly data: Octets;
  readonly block: number;
  readonly index: number;
  readonly tx: string;
}

export type ContractName = 'TitleRegistry' | 'Disputes' | 'Licences' | 'Anchors';

const TITLES = new Set(['title', 'child', 'parent', 'titles']);

const DECLARED: { readonly [contract: string]: readonly string[] } = {
  TitleRegistry: [
    'Registered(uint256 indexed title, address indexed creator, bytes32 indexed content, bytes32 metadata, bytes32 fingerprint, uint8 codec, uint16 royalty, uint40 time)',
    'Amended(uint256 indexed title, bytes32 metadata, uint40 time)',
    'URI(string value, uint256 indexed title)',
    'Controlled(uint256 indexed title, address indexed from, address indexed to, uint40 time)',
    'Delegated(uint256 indexed title, address indexed who, uint40 until, uint40 time)',
    'Credited(uint256 indexed title, address indexed payer, bytes32 indexed memo, address token, uint256 amount, uint40 time)',
    'Withdrawn(uint256 indexed title, address indexed holder, address indexed token, uint256 amount, uint40 time)',
    'StatusSet(uint256 indexed title, uint8 status, address successor, uint40 time)',
    'TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 title, uint256 amount)',
    'TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] titles, uint256[] amounts)',
    'ApprovalForAll(address indexed account, address indexed operator, bool approved)',
  ],
  Licences: [
    'Offered(bytes32 indexed offer, uint256 indexed title, address indexed seller, Offer terms)',
    'Granted(uint256 indexed title, bytes32 indexed offer, address indexed licensee, uint40 start, uint40 end, uint256 paid)',
    'Withdrew(bytes32 indexed offer, uint256 indexed title)',
    'Revoked(bytes32 indexed offer, address indexed licensee, uint256 indexed title)',
    'Derived(uint256 indexed child, uint256 indexed parent, bytes32 indexed offer)',
  ],
  Disputes: [
    'Noticed(uint256 indexed case, uint256 indexed title, address indexed claimant, uint8 ground, bytes32 evidence, uint256 bond, uint40 due)',
    'Answered(uint256 indexed case, uint256 indexed title, address indexed respondent, bytes32 evidence, uint256 bond, uint40 due)',
    'Pleaded(uint256 indexed case, uint256 indexed title, address indexed who, bytes32 evidence)',
    'Closed(uint256 indexed case, uint256 indexed title, uint8 state, bytes32 reasons)',
    'Collected(address indexed who, uint256 amount)',
  ],
  Anchors: ['Anchored(address indexed account, bytes32 indexed root, uint64 size, uint40 time, bytes24 head)'],
};

interface Shape {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly kind: Kind; readonly isIndexed: boolean }[];
}

const SHAPES = new Map(Object.entries(DECLARED).map(([contract, all]) => [contract, new Map(all.map(shapeOf))]));

function shapeOf(declared: string): [string, Shape] {
  const [name, inner] = declared.slice(0, -1).split('(') as [string, string];
  const parameters = inner.split(', ').map((part) => {
    const words = part.split(' ');
    const kind = words[0] === 'Offer' ? kindOf(OFFER) : words[0]!;
    return { name: words.at(-1)!, kind, isIndexed: words.includes('indexed') };
  });
  const kinds = parameters.map((one) => one.kind);
  return [topic(name + written(kinds)), { name, parameters }];
}

/** One event with the log entry that it was read from. */
export class Entry {
  constructor(
    readonly name: string,
    readonly log: Log,
    private readonly fields: ReadonlyMap<string, Value>,
  ) {}

  /** Bytes of a fixed size as hexadecimal digits; a title is its 40 digits. */
  hex(field: string): string {
    const value = this.fields.get(field);
    return TITLES.has(field) ? titleHex(value as bigint) : toHex(value as Octets);
  }

  octets(field: string): Octets {
    return this.fields.get(field) as Octets;
  }

  big(field: string): bigint {
    return this.fields.get(field) as bigint;
  }

  /** A number that fits: times, sizes, basis points. */
  number(field: string): number {
    return Number(this.big(field));
  }

  get terms(): Struct {
    return new Struct('Offer', OFFER, this.fields.get('terms') as readonly Value[]);
  }

  /** The shares that move, of each title. */
  get moves(): readonly { readonly title: string; readonly amount: bigint }[] {
    if (this.name === 'TransferSingle') return [{ title: this.hex('title'), amount: this.big('amount') }];
    const amounts = this.fields.get('amounts') as readonly bigint[];
    return (this.fields.get('titles') as readonly bigint[]).map((title, at) => ({ title: titleHex(title), amount: amounts[at]! }));
  }

  /** The titles that the event is about. */
  get about(): readonly string[] {
    if (this.isTransfer) return this.moves.map((one) => one.title);
    if (this.name === 'Derived') return [this.hex('child')];
    return ['ApprovalForAll', 'Collected', 'Anchored'].includes(this.name) ? [] : [this.hex('title')];
  }

  get isTransfer(): boolean {
    return this.name === 'TransferSingle' || this.name === 'TransferBatch';
  }

  get where(): string {
    return `log ${this.log.index} of block ${this.log.block}`;
  }
}

function titleHex(number: bigint): string {
  if (number >= 1n << 160n) throw new Refused('bad-title', `found the title ${number}, expected a number of 160 bits`);
  return number.toString(16).padStart(40, '0');
}

/** The events of all logs; throws `Refused` (`bad-log`) when they are not in the strict order of the ledger. */
export function decodeAll(logs: readonly Log[], names: ReadonlyMap<string, string>): Entry[] {
  let [block, index] = [-1, -1];
  return logs.map((log) => {
    if (log.block < block || (log.block === block && log.index <= index)) {
      throw bad(log, `found it after log ${index} of block ${block}, expected the ledger's order`);
    }
    [block, index] = [log.block, log.index];
    return decodeLog(log, names);
  });
}

function bad(log: Log, sentence: string): Refused {
  return new Refused('bad-log', `log ${log.index} of block ${log.block}: ${sentence}`);
}

function decodeLog(log: Log, names: ReadonlyMap<string, string>): Entry {
  const shape = SHAPES.get(names.get(log.address) ?? '')?.get(log.topics.length ? toHex(log.topics[0]!) : '');
  if (shape === undefined) throw bad(log, `found an entry of ${log.address} that no contract of ours writes`);
  const indexed = shape.parameters.filter((one) => one.isIndexed);
  const plain = shape.parameters.filter((one) => !one.isIndexed);
  if (log.topics.length !== indexed.length + 1) throw bad(log, `found ${log.topics.length} topics, expected ${indexed.length + 1}`);
  try {
    const fields = new Map<string, Value>(indexed.map((one, at) => [one.name, unword(written(one.kind), log.topics[at + 1]!)]));
    const values = decode(plain.map((one) => one.kind), log.data);
    plain.forEach((one, at) => fields.set(one.name, values[at]!));
    return checked(new Entry(shape.name, log, fields), fields);
  } catch (error) {
    if (error instanceof Refused) throw bad(log, error.message);
    throw error;
  }
}

/** What the kinds alone do not say: titles of 160 bits, pairs of titles and amounts, UTF-8. */
function checked(entry: Entry, fields: ReadonlyMap<string, Value>): Entry {
  for (const [name, value] of fields) {
    if (!TITLES.has(name)) continue;
    for (const one of Array.isArray(value) ? (value as readonly bigint[]) : [value as bigint]) titleHex(one);
  }
  if (fields.has('terms') && entry.terms.big('title') >= 1n << 160n) titleHex(entry.terms.big('title'));
  if (entry.name === 'TransferBatch' && (fields.get('titles') as Value[]).length !== (fields.get('amounts') as Value[]).length) {
    throw new Refused('bad-log', 'found titles and amounts of other numbers, expected pairs');
  }
  return entry;
}
