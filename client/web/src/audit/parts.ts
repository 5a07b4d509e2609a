/** The forms of a bundle's parts: what each block of `cinepeer/audit/1` and `/2` says, read strictly. */

import { Cid } from '../verify/cid';
import { decode, isFields, type Fields, type Value } from '../verify/dagcbor';
import { toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { DEED, fromMap, OFFER, type Struct } from './deeds';
import type { Log } from './events';
import type { AccountProof } from './proofs';
import { readFurther, type FurtherSet } from './further';
import { readHandovers, type Handover } from './succession';

export const FILM_FORMAT = 'cinepeer/audit/1';
export const COLLECTION_FORMAT = 'cinepeer/audit/2';
export const NAMES = ['TitleRegistry', 'Disputes', 'Licences', 'Anchors'] as const;
const SORTS = ['author', 'network', 'catalogue', 'title'];

export type Get = (cid: Cid) => Octets | null;
export type Pair = readonly [Cid, Cid | null];

/** A film's manifest. */
export interface FilmManifest {
  readonly format: typeof FILM_FORMAT;
  readonly film: Cid;
  readonly version: Cid;
  readonly title: string;
  readonly content: Cid;
  readonly genesis: Cid;
  readonly ledger: Cid;
  readonly code: readonly Cid[];
  readonly logs: readonly Cid[];
  readonly rights: Cid;
  readonly records: readonly Pair[];
  readonly ratings: Cid;
}

/** A collection's manifest; the lists are of pages. */
export interface Collection {
  readonly format: typeof COLLECTION_FORMAT;
  readonly sort: string;
  readonly subject: Cid;
  readonly genesis: Cid;
  readonly ledger: Cid;
  readonly code: readonly Cid[];
  readonly nodes: Cid;
  readonly anchors: readonly Cid[];
  readonly dossiers: readonly Cid[];
  readonly records: readonly Cid[];
  readonly account: string | null;
  readonly leaves: readonly Cid[];
}

/** What was signed of a title. */
export interface Signed {
  readonly film: Cid;
  readonly version: Cid;
  readonly content: Cid;
  readonly deed: Struct;
  readonly deedMap: Value;
  readonly signature: Octets;
  readonly offers: readonly (readonly [Struct, Octets])[];
}

/** What a collection proves of one title. */
export interface Dossier {
  readonly title: string;
  readonly logs: readonly Log[];
  readonly nodes: readonly Octets[];
  readonly signed: Signed | null;
}

export interface RatingProof {
  readonly record: Cid;
  readonly account: string;
  readonly root: Octets;
  readonly size: number;
  readonly index: number;
  readonly path: readonly Octets[];
}

export function bad(sentence: string): Refused {
  return new Refused('bad-form', sentence);
}

/** A sound block; throws `Refused` (`missing-block`). */
export function needed(cid: Cid, get: Get, role: string): Octets {
  const block = get(cid);
  if (block === null) throw new Refused('missing-block', `found no sound block ${cid}, expected ${role}`);
  return block;
}

/** The fields of one map, each taken once; nothing may be left over. */
class Taken {
  private readonly left: Map<string, Value>;

  constructor(
    value: Value,
    private readonly what: string,
  ) {
    if (!isFields(value)) throw bad(`${what}: found another value, expected a map`);
    this.left = new Map(Object.entries(value));
  }

  value(name: string): Value {
    const value = this.left.get(name);
    if (value === undefined) throw bad(`${this.what}: found no ${name}, expected it`);
    this.left.delete(name);
    return value;
  }

  has(name: string): boolean {
    return this.left.has(name);
  }

  data(name: string, size: number | null = null): Octets {
    return sized(this.value(name), size, `${this.what}: ${name}`);
  }

  cid(name: string): Cid {
    return link(this.value(name), `${this.what}: ${name}`);
  }

  items(name: string): readonly Value[] {
    return listed(this.value(name), `${this.what}: ${name}`);
  }

  links(name: string): readonly Cid[] {
    return this.items(name).map((one) => link(one, `${this.what}: ${name}`));
  }

  code(): readonly Cid[] {
    const found = this.links('code');
    if (found.length !== NAMES.length) throw bad(`${this.what}: found ${found.length} codes, expected ${NAMES.length}`);
    return found;
  }

  end(): void {
    if (this.left.size) throw bad(`${this.what}: found the fields ${[...this.left.keys()].sort()}, expected none of them`);
  }
}

function sized(value: Value, size: number | null, what: string): Octets {
  if (!(value instanceof Uint8Array) || (size !== null && value.length !== size)) {
    throw bad(`${what}: found another value, expected ${size === null ? 'bytes' : `${size} bytes`}`);
  }
  return value;
}

function link(value: Value, what: string): Cid {
  if (!(value instanceof Cid)) throw bad(`${what}: found another value, expected a link`);
  return value;
}

function listed(value: Value, what: string): readonly Value[] {
  if (!Array.isArray(value)) throw bad(`${what}: found another value, expected a list`);
  return value;
}

function row(value: Value, size: number, what: string): readonly Value[] {
  const found = listed(value, what);
  if (found.length !== size) throw bad(`${what}: found ${found.length} values, expected a list of ${size}`);
  return found;
}

function whole(value: Value, what: string): number {
  if (typeof value !== 'number' || value < 0) throw bad(`${what}: found another value, expected a whole number from 0 on`);
  return value;
}

function pair(value: Value, what: string): Pair {
  const [record, body] = row(value, 2, what);
  return [link(record!, what), body === null ? null : link(body!, what)];
}

/** Whether a block is a collection's manifest. */
export function isCollection(block: Octets | null): boolean {
  try {
    const fields = block === null ? null : decode(block);
    return isFields(fields ?? undefined) && (fields as Fields)['format'] === COLLECTION_FORMAT;
  } catch {
    return false; // a manifest that cannot be read is a line of its own
  }
}

/** Reads a film's manifest; throws `Refused`. */
export function parseManifest(block: Octets): FilmManifest {
  const fields = new Taken(decode(block), 'the manifest');
  const format = fields.value('format');
  if (format !== FILM_FORMAT) throw bad(`found the format ${String(format).slice(0, 40)}, expected ${FILM_FORMAT}`);
  const manifest: FilmManifest = {
    format,
    records: fields.items('records').map((one) => pair(one, "the manifest's records")),
    film: fields.cid('film'),
    version: fields.cid('version'),
    title: toHex(fields.data('title', 20)),
    content: fields.cid('content'),
    genesis: fields.cid('genesis'),
    ledger: fields.cid('ledger'),
    code: fields.code(),
    logs: fields.links('logs'),
    rights: fields.cid('rights'),
    ratings: fields.cid('ratings'),
  };
  fields.end();
  return manifest;
}

/** Reads a collection's manifest; throws `Refused`. */
export function parseCollection(block: Octets): Collection {
  const fields = new Taken(decode(block), 'the manifest');
  const [format, sort] = [fields.value('format'), fields.value('sort')];
  if (format !== COLLECTION_FORMAT || typeof sort !== 'string' || !SORTS.includes(sort)) {
    throw bad(`found another format or sort, expected ${COLLECTION_FORMAT} of ${SORTS.join(', ')}`);
  }
  const account = fields.value('account');
  const collection: Collection = {
    format,
    sort,
    subject: fields.cid('subject'),
    genesis: fields.cid('genesis'),
    ledger: fields.cid('ledger'),
    code: fields.code(),
    nodes: fields.cid('nodes'),
    anchors: fields.links('anchors'),
    dossiers: fields.links('dossiers'),
    records: fields.links('records'),
    account: account === null ? null : toHex(sized(account, 20, 'the account')),
    leaves: fields.links('leaves'),
  };
  fields.end();
  return collection;
}

/** What the ledger's part of a bundle shows; no signature for a chain of others. */
export interface LedgerPart {
  readonly header: Octets;
  readonly signature: Octets;
  readonly accounts: readonly AccountProof[];
  readonly handovers: readonly Handover[];
  /** The founder's naming of the contract set in question and those before it; none for the genesis's own. */
  readonly sets: readonly FurtherSet[];
}

/** The header (RLP) with its signature, the accounts' proofs and the hand-overs; throws `Refused`. */
export function readLedger(block: Octets): LedgerPart {
  const fields = new Taken(decode(block), "the ledger's part");
  const [header, signature] = [fields.data('header'), fields.data('signature')];
  if (signature.length !== 0 && signature.length !== 64) {
    throw bad(`the ledger's part: found ${signature.length} bytes of signature, expected 64 or none`);
  }
  const found = {
    header,
    signature,
    accounts: fields.items('accounts').map(readAccountProof),
    handovers: fields.has('handovers') ? readHandovers(fields.items('handovers')) : [],
    sets: fields.has('sets') ? readFurther(fields.items('sets')) : [],
  };
  fields.end();
  return found;
}

function readAccountProof(value: Value): AccountProof {
  const what = "an account's proof";
  const [address, nodes, slots] = row(value, 3, what);
  return {
    address: toHex(sized(address!, 20, what)),
    nodes: listed(nodes!, what).map((node) => sized(node, null, what)),
    slots: listed(slots!, what).map((one) => {
      const [slot, way] = row(one, 2, what);
      return { slot: toHex(sized(slot!, 32, what)), nodes: listed(way!, what).map((node) => sized(node, null, what)) };
    }),
  };
}

/** The log entries of a list; throws `Refused`. */
export function readLogs(value: Value): Log[] {
  const what = 'a log entry';
  return listed(value, 'log entries').map((entry) => {
    const [address, topics, data, block, index, tx] = row(entry, 6, what);
    return {
      address: toHex(sized(address!, 20, what)),
      topics: listed(topics!, what).map((one) => sized(one, 32, what)),
      data: sized(data!, null, what),
      block: whole(block!, what),
      index: whole(index!, what),
      tx: toHex(sized(tx!, 32, what)),
    };
  });
}

export function readLogPage(block: Octets): Log[] {
  return readLogs(decode(block));
}

function readOffers(items: readonly Value[]): (readonly [Struct, Octets])[] {
  return items.map((one) => {
    const [terms, signature] = row(one, 2, 'an offer');
    if (!isFields(terms)) throw bad('an offer: found no map of its terms, expected one');
    return [fromMap('Offer', OFFER, terms), sized(signature!, null, "an offer's signature")] as const;
  });
}

/** The deed and the offers with their signatures; throws `Refused`. */
export function readRights(block: Octets): Pick<Signed, 'deed' | 'deedMap' | 'signature' | 'offers'> {
  const fields = new Taken(decode(block), 'the deed and offers');
  const deedMap = fields.value('deed');
  const found = {
    deed: fromMap('Deed', DEED, deedMap),
    deedMap,
    signature: fields.data('signature'),
    offers: readOffers(fields.items('offers')),
  };
  fields.end();
  return found;
}

/** The proofs of ratings; throws `Refused`. */
export function readRatings(block: Octets): RatingProof[] {
  const what = "a rating's proof";
  return listed(decode(block), 'the proofs of ratings').map((value) => {
    const [record, account, root, size, index, path] = row(value, 6, what);
    return {
      record: link(record!, what),
      account: toHex(sized(account!, 20, what)),
      root: sized(root!, 32, what),
      size: whole(size!, what),
      index: whole(index!, what),
      path: listed(path!, what).map((node) => sized(node, 32, what)),
    };
  });
}

/** Reads one title's part; throws `Refused`. */
export function readDossier(block: Octets): Dossier {
  const fields = new Taken(decode(block), "a title's part");
  const said = fields.value('signed');
  const dossier: Dossier = {
    title: toHex(fields.data('title', 20)),
    logs: readLogs(fields.value('logs')),
    nodes: fields.items('nodes').map((node) => sized(node, null, 'a trie node')),
    signed: said === null ? null : readSigned(said),
  };
  fields.end();
  return dossier;
}

function readSigned(value: Value): Signed {
  const fields = new Taken(value, 'what was signed of a title');
  const deedMap = fields.value('deed');
  const signed: Signed = {
    film: fields.cid('film'),
    version: fields.cid('version'),
    content: fields.cid('content'),
    deed: fromMap('Deed', DEED, deedMap),
    deedMap,
    signature: fields.data('signature'),
    offers: readOffers(fields.items('offers')),
  };
  fields.end();
  return signed;
}

/** A page of links, of records, or of bytes (leaves, trie nodes); throws `Refused`. */
export function readLinks(block: Octets): Cid[] {
  return listed(decode(block), 'a page of links').map((one) => link(one, 'a page of links'));
}

export function readPairs(block: Octets): Pair[] {
  return listed(decode(block), 'a page of records').map((one) => pair(one, 'a page of records'));
}

export function readOctets(block: Octets): Octets[] {
  return listed(decode(block), 'a page of bytes').map((one) => sized(one, null, 'a page of bytes'));
}
