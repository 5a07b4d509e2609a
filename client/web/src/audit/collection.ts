/** A collection, `cinepeer/audit/2`: an author's, a network's or a catalogue's titles, with feeds against anchors. */

import { Cid, DAG_CBOR } from '../verify/cid';
import { isFields, type Value } from '../verify/dagcbor';
import { compare, fromHex, toHex, type Octets } from '../verify/octets';
import { parseRecord } from '../verify/record';
import { Refused } from '../verify/refused';
import type { Shipped } from './code';
import { domainSeparator, recover, typedDigest } from './deeds';
import { decodeAll } from './events';
import { Inspection, moment, need, type Line } from './inspection';
import { keccak, keccakText } from './keccak';
import { auditBlock, auditHead, auditReplay, type Ledger } from './ledger';
import { Frontier } from './merkle';
import { NAMES, needed, parseCollection, readDossier, readLedger, readLinks, readLogPage, readOctets, readPairs } from './parts';
import type { Collection, Dossier, Get } from './parts';
import { Pool, readSlot } from './proofs';
import { auditFeeds, auditWitnesses, FilmAudit, type FeedAudit } from './records';
import { wantedSlots } from './slots';
import { fold, NOBODY, type State } from './state';
import { TitleAudit } from './title';

const ID_BYTES = 36;
const SHOWN = 5;

/** What one reading of an account's anchored leaves found. */
interface Leaves {
  readonly places: ReadonlyMap<string, number>;
  readonly theirs: readonly string[];
  readonly size: number;
  readonly bare: number;
}

/** Makes every check of a collection after those of its container. */
export async function auditCollection(
  inspection: Inspection,
  root: Cid | null,
  get: Get,
  shipped: Shipped,
): Promise<{ ledger: Ledger; witnesses: number; manifest: Collection | null; titles: ReadonlyMap<string, State> }> {
  const titles = new Map<string, State>();
  const parts = await inspection.check("the bundle's parts can be read", () => {
    const manifest = parseCollection(needed(need(root, "the CAR's header"), get, 'the manifest'));
    const block = readLedger(needed(manifest.ledger, get, "the ledger's part"));
    const code = manifest.code.map((cid, at) => needed(cid, get, `the code of ${NAMES[at]}`));
    const said = `${manifest.sort}: ${manifest.dossiers.length} pages of titles, ${manifest.records.length} of records`;
    return [said, { manifest, block: { ...block, genesis: manifest.genesis, code } }];
  });
  const ledger = await auditBlock(inspection, parts?.block ?? null, get, shipped);
  const feeds = await auditFeeds(inspection, () => records(need(parts, "reading the bundle's parts").manifest, get));
  if (parts !== null) {
    const audit = new CollectionAudit(inspection, parts.manifest, get, shipped, ledger, feeds, titles);
    await audit.subjectChecks();
    await audit.anchorChecks();
    await auditWitnesses(inspection, ledger, feeds);
    await audit.titleChecks();
  }
  return { ledger, witnesses: feeds.witnesses, manifest: parts?.manifest ?? null, titles };
}

function* records(manifest: Collection, get: Get): Iterable<readonly [Octets, Octets | null]> {
  for (const page of manifest.records) {
    for (const [record, body] of readPairs(needed(page, get, 'a page of the records'))) {
      yield [needed(record, get, 'a record'), body && needed(body, get, `the body of the record ${record}`)];
    }
  }
}

/** Every block of a collection, in the order of the format, each with what it is; some may come again. */
export function* collectionOrder(root: Cid, get: Get): Iterable<[Cid, string]> {
  yield [root, 'the manifest'];
  const block = get(root);
  if (block === null) return;
  const manifest = parseCollection(block);
  yield [manifest.genesis, 'the genesis of the network'];
  yield [manifest.ledger, 'the header and proofs of the ledger'];
  for (const [at, cid] of manifest.code.entries()) yield [cid, `the code of ${NAMES[at]}`];
  yield [manifest.nodes, 'the shared trie nodes'];
  for (const cid of manifest.anchors) yield [cid, 'a page of the anchors'];
  for (const page of manifest.records) {
    yield [page, 'a page of the records'];
    const found = get(page);
    for (const [record, body] of found === null ? [] : readPairs(found)) {
      yield [record, 'a record'];
      if (body !== null) yield [body, `the body of the record ${record}`];
    }
  }
  for (const cid of manifest.leaves) yield [cid, 'a page of the anchored leaves'];
  for (const page of manifest.dossiers) {
    yield [page, 'a page of the titles'];
    const found = get(page);
    for (const cid of found === null ? [] : readLinks(found)) yield [cid, 'a title'];
  }
}

class CollectionAudit {
  private pool: Pool | null = null;
  private readonly claims = new Map<string, { readonly since: number; readonly title: string }>();
  private readonly clashes: string[] = [];
  private count = 0;
  private purse = 0n;

  constructor(
    private readonly inspection: Inspection,
    private readonly manifest: Collection,
    private readonly get: Get,
    private readonly shipped: Shipped,
    private readonly ledger: Ledger,
    private readonly feeds: FeedAudit,
    private readonly titles: Map<string, State>,
  ) {}

  async subjectChecks(): Promise<void> {
    if (this.manifest.sort === 'author') await this.inspection.check("the author's feeds are whole", () => this.whole());
    else await this.inspection.check('subject', () => this.subject());
    if (this.manifest.sort === 'network') await this.inspection.check('network records', () => this.networks());
    await this.inspection.check('authors and accounts', () => this.accounts());
  }

  private subject(): readonly [string, true] {
    const { subject, genesis, sort } = this.manifest;
    if (!subject.equals(genesis)) throw new Refused('bad-form', `found ${subject} as subject, expected ${genesis}`);
    return [`${sort} of the network ${genesis}`, true];
  }

  private whole(): readonly [string, true] {
    need(this.feeds.feeds, 'the chains of the records');
    const ends = new Map<string, number>();
    for (const { record } of this.feeds.held.values()) {
      if (!record.author.equals(this.manifest.subject)) continue;
      const device = toHex(record.header.device);
      ends.set(device, Math.max(ends.get(device) ?? 0, record.header.seq));
    }
    if (ends.size === 0) throw new Refused('missing', `found no record of ${this.manifest.subject}, expected all of them`);
    const said = [...ends].sort().map(([device, seq]) => `${device.slice(0, 16)} 0 to ${seq}`);
    return [`${this.manifest.subject}: ${said.join(', ')}`, true];
  }

  private networks(): readonly [string, true] {
    let count = 0;
    for (const { record, fields } of this.feeds.ofKind('network')) {
      if (!this.manifest.genesis.equals(fields['genesis'] as Cid)) {
        throw new Refused('wrong-network', `found the record ${record.id} of the network ${String(fields['genesis'])}`);
      }
      count++;
    }
    return [`${count} network records name this genesis`, true];
  }

  private accounts(): readonly [string, true] {
    const newest = new Map<string, { readonly time: number; readonly id: Cid; readonly author: Cid; readonly account: Value | undefined }>();
    for (const { record, fields } of this.feeds.ofKind('profile')) {
      const known = newest.get(record.author.text);
      const { time } = record.header;
      const isNewer = known === undefined || time > known.time || (time === known.time && compare(record.id.bytes, known.id.bytes) > 0);
      if (isNewer) newest.set(record.author.text, { time, id: record.id, author: record.author, account: fields['account'] });
    }
    const bound = [...newest.values()].flatMap(({ author, account }) => (isFields(account) ? [boundTo(author, account)] : []));
    return [bound.length ? `${bound.join('; ')} each signed for the other` : 'no profile here names an account', true];
  }

  async anchorChecks(): Promise<void> {
    const { inspection, manifest } = this;
    this.ledger.state = await inspection.check('log of anchors', () => this.anchorLog());
    const anchors = this.ledger.state?.anchors;
    await new TitleAudit(inspection, this.ledger, this.shipped, null).anchorChecks(anchors?.keys() ?? []);
    if (manifest.account === null) return;
    const leaves = await inspection.check('anchored trees', () => this.growth(manifest.account!));
    await inspection.check('feeds and anchors', () => this.included(need(leaves, 'the anchored trees')));
    if (manifest.sort === 'author') {
      await inspection.check('no anchored record is missing', () => this.complete(need(leaves, 'the anchored trees')));
    }
  }

  private anchorLog(): readonly [string, State] {
    const contracts = need(this.ledger.genesis, "the network's genesis").contracts;
    const height = need(this.ledger.header, "the block's header and its signature").number;
    const logs = this.manifest.anchors.flatMap((cid) => readLogPage(needed(cid, this.get, 'a page of anchors')));
    const entries = decodeAll(logs, contracts.names);
    const last = entries.at(-1)?.log.block ?? 0;
    if (last > height) throw new Refused('bad-log', `found an entry of block ${last}, expected none after ${height}`);
    if (logs.some((log) => log.address !== contracts.anchors)) {
      throw new Refused('bad-log', 'found an entry of another contract, expected those of Anchors alone');
    }
    const state = fold(entries);
    return [`${entries.length} anchors of ${state.anchors.size} accounts up to block ${height}`, state];
  }

  /** Reads all leaves once, and holds each anchored root against the tree over as many of them. */
  private async growth(account: string): Promise<readonly [string, Leaves]> {
    const chain = need(this.ledger.state, 'the replay of the anchors').anchors.get(account) ?? [];
    const sizes = new Map(chain.map((anchor) => [anchor.size, anchor]));
    const author = this.manifest.sort === 'author' ? this.manifest.subject : null;
    const [places, theirs, frontier] = [new Map<string, number>(), [] as string[], new Frontier()];
    let [size, bare] = [0, 0];
    for (const page of this.manifest.leaves) {
      for (const leaf of readOctets(needed(page, this.get, 'a page of the anchored leaves'))) {
        const isBare = leaf.length === ID_BYTES;
        const cid = isBare ? null : await Cid.of(leaf, DAG_CBOR);
        bare += Number(isBare);
        const id = cid ? cid.bytes : leaf;
        if (cid && author && (await parseRecord(leaf)).author.equals(author)) theirs.push(cid.text);
        places.set(toHex(id), size);
        await frontier.add(id);
        size++;
        const anchor = sizes.get(size);
        if (anchor === undefined) continue;
        const root = toHex(await frontier.root());
        if (root !== anchor.root) {
          throw new Refused(
            'not-consistent',
            `found the root ${root} over the first ${size} leaves, expected ${anchor.root} as anchored in block ${anchor.block}: a leaf is missing, changed or moved`,
          );
        }
      }
    }
    const last = chain.at(-1);
    if (last === undefined) throw new Refused('not-anchored', 'found leaves but no anchor of the account, expected one');
    if (last.size !== size) throw new Refused('not-anchored', `found ${size} leaves, expected ${last.size} as last anchored`);
    const said = `${chain.length} anchors, each the beginning of the next; the last over ${size} records, ${moment(last.time)}`;
    return [said, { places, theirs, size, bare }];
  }

  private included(leaves: Leaves): readonly [string, true] {
    const later = new Map<string, number>();
    const all = [...this.feeds.held.values()].map(({ record }) => {
      const isIn = leaves.places.has(toHex(record.id.bytes));
      return { feed: toHex(record.header.device), seq: record.header.seq, isIn };
    });
    for (const { feed, seq, isIn } of all) if (!isIn) later.set(feed, Math.min(seq, later.get(feed) ?? seq));
    for (const { feed, seq, isIn } of all) {
      if (isIn && seq > (later.get(feed) ?? seq)) {
        throw new Refused('not-included', `found place ${seq} of the feed ${feed} anchored and place ${later.get(feed)} not`);
      }
    }
    const count = all.filter((one) => one.isIn).length;
    const rest = all.length - count;
    return [`${count} of ${all.length} records existed by the last anchor${rest ? `; ${rest} came later` : ''}`, true];
  }

  private complete(leaves: Leaves): readonly [string, true] {
    if (leaves.bare) throw new Refused('not-included', `found ${leaves.bare} leaves as bare ids, expected the records, to see whose`);
    const missing = leaves.theirs.find((id) => !this.feeds.held.has(id));
    if (missing !== undefined) {
      throw new Refused('missing', `found the record ${missing} of ${this.manifest.subject} anchored and not in the bundle, expected it`);
    }
    return [`all ${leaves.theirs.length} anchored records of the author are here, of ${leaves.size} leaves`, true];
  }

  async titleChecks(): Promise<void> {
    this.pool = await this.inspection.check('shared trie nodes', () => {
      const nodes = readOctets(needed(this.manifest.nodes, this.get, 'the shared trie nodes'));
      return [`${nodes.length} nodes`, new Pool(nodes)];
    });
    for (const [at, page] of this.manifest.dossiers.entries()) {
      for (const cid of this.dossiers(at + 1, page)) this.inspection.add(await this.title(cid));
    }
    await this.inspection.check('competing claims', () => {
      const more = this.clashes.length - SHOWN;
      if (this.clashes.length) {
        throw new Refused('claimed', `found that ${this.clashes.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
      }
      return [`${this.count} titles, none claims what another does`, true];
    });
    await this.inspection.check('money held', () => {
      const { balance } = need(this.ledger.accounts.get(NAMES[0]), `the contract ${NAMES[0]}`);
      if (balance < this.purse) throw new Refused('bad-ledger', `found ${balance} held by the contract, expected at least ${this.purse}`);
      return [`${this.purse} in the purses of ${this.count} titles, ${balance} held`, true];
    });
  }

  /** The titles of a page; a page that cannot be read is a line that does not hold. */
  private dossiers(number: number, page: Cid): readonly Cid[] {
    try {
      return readLinks(needed(page, this.get, 'a page of titles'));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.inspection.add({ check: `page ${number} of the titles`, isHeld: false, found: error.message });
      return [];
    }
  }

  private async title(cid: Cid): Promise<Line> {
    const local = new Inspection();
    const dossier = await local.check("title's part", () => ['', readDossier(needed(cid, this.get, "a title's part"))]);
    if (dossier === null) return { check: `title ${this.count + 1}`, isHeld: false, found: local.lines[0]!.found };
    this.count++;
    const ledger = this.ledger.another();
    await auditReplay(local, () => dossier.logs, ledger, dossier.title);
    await local.check('storage proofs', () => this.slots(dossier, ledger));
    await auditHead(local, () => dossier.title, ledger);
    // Of one title alone: a whole network's states would fill the memory.
    if (this.manifest.sort === 'title' && ledger.title !== null && ledger.state !== null) this.titles.set(dossier.title, ledger.state);
    const signed = dossier.signed;
    const title = new TitleAudit(local, ledger, this.shipped, signed && (() => signed));
    await title.titleChecks();
    await title.moneyChecks(dossier.title);
    const film = signed && new FilmAudit(local, () => ({ ...signed, title: dossier.title }), ledger, this.feeds);
    await film?.filmChecks();
    this.claim(dossier, ledger);
    const purse = ledger.title?.purses.get(NOBODY);
    if (purse !== undefined) this.purse += purse.paidIn - purse.paidOut;
    return lineOf(dossier, film?.name ?? '', local, ledger);
  }

  private slots(dossier: Dossier, ledger: Ledger): readonly [string, true] {
    const pool = new Pool(dossier.nodes, need(this.pool, 'the shared trie nodes'));
    const wanted = wantedSlots(need(ledger.state, 'the replay of the log'), dossier.title);
    for (const [name, slot] of wanted) {
      const account = need(ledger.accounts.get(name), `the contract ${name}`);
      ledger.slots.set(`${name}/${slot}`, readSlot(account.storageRoot, slot, pool));
    }
    if (pool.unused) throw new Refused('bad-proof', `found ${pool.unused} trie nodes that no slot needs, expected none`);
    return [`${wanted.length} slots`, true];
  }

  private claim(dossier: Dossier, ledger: Ledger): void {
    const deed = ledger.title?.deed;
    if (deed === undefined) return;
    const mine = { since: deed.number('time'), title: dossier.title };
    for (const digest of new Set([deed.hex('content'), deed.hex('metadata')])) {
      const other = this.claims.get(digest) ?? mine;
      this.claims.set(digest, other);
      if (other.title === mine.title) continue;
      const isFirst = mine.since < other.since || (mine.since === other.since && mine.title < other.title);
      const [first, second] = isFirst ? [mine, other] : [other, mine];
      this.claims.set(digest, first);
      this.clashes.push(`0x${second.title} claims what 0x${first.title} registered before`);
    }
  }
}

function boundTo(author: Cid, account: { readonly [name: string]: Value }): string {
  const [said, chain, signature] = [account['address'] as Octets, account['chain'] as number, account['signature'] as Octets];
  const struct = keccak(keccakText('Author(bytes author)'), keccak(author.bytes));
  const found = toHex(recover(typedDigest(domainSeparator('CinepeerAuthors', chain, fromHex(NOBODY)), struct), signature));
  if (found !== toHex(said)) {
    throw new Refused('bad-signature', `found the signature of 0x${found} for ${author}, expected that of 0x${toHex(said)}`);
  }
  return `${author} and 0x${found}`;
}

/** One title in one line: what it is, or the checks that did not hold. */
function lineOf(dossier: Dossier, name: string, local: Inspection, ledger: Ledger): Line {
  const check = `title 0x${dossier.title}${name ? ` (${name})` : ''}`;
  const failures = local.lines.filter((line) => !line.isHeld);
  const title = ledger.title;
  if (failures.length || title === null) {
    const more = failures.length - SHOWN;
    const said = failures.slice(0, SHOWN).map((line) => `${line.check}: ${line.found}`);
    return { check, isHeld: false, found: said.join('; ') + (more > 0 ? `; and ${more} more` : '') };
  }
  const shares = [...title.shares].filter(([, held]) => held > 0n).sort().map(([holder, held]) => `0x${holder}=${held}`);
  const purse = title.purses.get(NOBODY) ?? { paidIn: 0n, paidOut: 0n };
  const licences = ledger.state!.licences.filter((one) => !one.isRevoked).length;
  const found =
    `${title.statusName}, registered ${moment(title.since)}, controlled by 0x${title.controller}; shares ${shares.join(' ')}; ` +
    `${licences} licences; ${purse.paidIn} paid in and ${purse.paidOut} paid out`;
  return { check, isHeld: true, found };
}
