/** The records' part of an audit: feeds, forks, film and version against the deed, bytes, ratings, witnesses. */

import type { Cid } from '../verify/cid';
import { encode, type Fields, type Value } from '../verify/dagcbor';
import { Feeds } from '../verify/feeds';
import { isSame, toHex, type Octets } from '../verify/octets';
import { parseRecord, readBody, verifyRecord, type Record } from '../verify/record';
import { Refused } from '../verify/refused';
import { Inspection, moment, need } from './inspection';
import type { Ledger } from './ledger';
import { verifyInclusion } from './merkle';
import type { RatingProof, Signed } from './parts';

export interface Held {
  readonly record: Record;
  readonly fields: Fields | null;
}

const KEY_KINDS: ReadonlySet<string> = new Set(['inception', 'rotation', 'delegate', 'revocation']);

/** What the checks of records established: the feeds (null where they did not hold) and the records by id. */
export class FeedAudit {
  feeds: Feeds | null = null;
  readonly held = new Map<string, Held>();
  witnesses = 0;

  /** A counted record of a kind with its body's fields; throws `Refused`. */
  counted(wanted: Cid, kind: string): { readonly record: Record; readonly fields: Fields } {
    const feeds = need(this.feeds, 'the chains of the records');
    const found = this.held.get(wanted.text);
    if (found === undefined || found.fields === null) {
      throw new Refused('missing', `found no ${kind} record ${wanted} with its body in the bundle, expected it`);
    }
    const { record, fields } = found;
    if (record.header.kind !== kind) throw new Refused('wrong-kind', `found a record of kind ${record.header.kind}, expected ${kind}`);
    if (!feeds.counts(record)) throw new Refused('not-counted', `found the ${kind} record ${wanted} after a fork or revocation`);
    return { record, fields };
  }

  /** The records of a kind that have their bodies, counted or not. */
  *ofKindUnchecked(kind: string): Iterable<{ readonly record: Record; readonly fields: Fields }> {
    for (const { record, fields } of this.held.values()) {
      if (record.header.kind === kind && fields !== null) yield { record, fields };
    }
  }

  /** The counted records of a kind, with their fields. */
  *ofKind(kind: string): Iterable<{ readonly record: Record; readonly fields: Fields }> {
    const feeds = need(this.feeds, 'the chains of the records');
    for (const { record, fields } of this.held.values()) {
      if (record.header.kind === kind && fields !== null && feeds.counts(record)) yield { record, fields };
    }
  }
}

/** Checks signatures, chains and forks of all records, which come in an order in which each follows what it needs. */
export async function auditFeeds(inspection: Inspection, records: () => Iterable<readonly [Octets, Octets | null]>): Promise<FeedAudit> {
  const found = new FeedAudit();
  found.feeds = await inspection.check('records', async () => {
    const feeds = new Feeds();
    let number = 0;
    for (const [block, body] of records()) {
      number++;
      try {
        await admit(feeds, found, block, body);
      } catch (error) {
        if (error instanceof Refused) throw new Refused(error.reason, `record ${number}: ${error.message}`);
        throw error;
      }
    }
    const authors = new Set([...found.held.values()].map(({ record }) => record.author.text));
    return [`${found.held.size} records of ${authors.size} authors`, feeds];
  });
  await inspection.check('no forks', () => noForks(found));
  return found;
}

async function admit(feeds: Feeds, found: FeedAudit, block: Octets, body: Octets | null): Promise<void> {
  const record = await parseRecord(block);
  await verifyRecord(record);
  const missing = await feeds.missing(record, record.header.time);
  if (missing !== null) throw new Refused('missing', `found its ${missing} not among the records before it`);
  const isKey = KEY_KINDS.has(record.header.kind);
  const fields = body === null ? null : await readBody(record, body);
  await feeds.verify(record, isKey ? fields : null);
  await feeds.apply(record, isKey ? fields : null);
  found.held.set(record.id.text, { record, fields });
}

/** Two records of one place in a device's feed. */
function noForks(found: FeedAudit): readonly [string, true] {
  need(found.feeds, 'the chains of the records');
  const places = new Map<string, Record>();
  const devices = new Set<string>();
  for (const { record } of found.held.values()) {
    const device = toHex(record.header.device);
    devices.add(device);
    const place = `${record.author}/${device}/${record.header.seq}`;
    const other = places.get(place);
    if (other !== undefined && !other.id.equals(record.id)) {
      throw new Refused(
        'fork',
        `found two records of place ${record.header.seq} by the device ${device}: ${other.id} and ${record.id}; nothing of it counts from there on`,
      );
    }
    places.set(place, record);
  }
  return [`${devices.size} devices, no fork among their records here`, true];
}

/** Checks that nobody witnessed another block. */
export async function auditWitnesses(inspection: Inspection, ledger: Ledger, found: FeedAudit): Promise<void> {
  await inspection.check('witnesses', () => {
    need(found.feeds, 'the chains of the records');
    const header = need(ledger.header, 'the block');
    const chain = need(ledger.genesis, "the network's genesis").contracts.chainId;
    const authors = new Set<string>();
    for (const { record, fields } of found.ofKind('witness')) {
      if (fields['chain'] !== chain || fields['height'] !== header.number) continue;
      if (!isSame(fields['hash'] as Octets, header.hash)) {
        throw new Refused('fork', `found that ${record.author} witnessed another block ${header.number}`);
      }
      authors.add(record.author.text);
    }
    found.witnesses = authors.size;
    return [`${authors.size} authors signed that they saw block ${header.number} as it is here`, true];
  });
}

/** What of a film's checks the bundle names. */
export type FilmEvidence = Pick<Signed, 'film' | 'version' | 'content' | 'deed' | 'deedMap' | 'signature'> & { readonly title: string };

/** Makes the checks of one film's records. */
export class FilmAudit {
  film: { readonly record: Record; readonly fields: Fields } | null = null;
  version: Fields | null = null;

  constructor(
    private readonly inspection: Inspection,
    private readonly evidence: () => FilmEvidence,
    private readonly ledger: Ledger,
    private readonly records: FeedAudit,
  ) {}

  async filmChecks(): Promise<void> {
    this.film = await this.inspection.check('film record', () => this.findFilm(this.evidence()));
    this.version = await this.inspection.check('version record', () => this.findVersion(this.evidence()));
    await this.inspection.check('author and account', () => this.binding(this.evidence()));
  }

  get name(): string {
    return this.film === null ? '' : String(this.film.fields['name']);
  }

  private theFilm(): { readonly record: Record; readonly fields: Fields } {
    return need(this.film, 'the film record');
  }

  private findFilm(evidence: FilmEvidence): readonly [string, { readonly record: Record; readonly fields: Fields }] {
    const found = this.records.counted(evidence.film, 'film');
    const [metadata, wanted] = [evidence.deed.hex('metadata'), toHex(found.record.id.bytes.slice(4))];
    if (metadata !== wanted) throw new Refused('bad-deed', `found the metadata ${metadata} in the deed, expected ${wanted}`);
    const said = `'${String(found.fields['name'])}', signed ${moment(Math.floor(found.record.header.time / 1000))} by ${found.record.author}`;
    return [said, found];
  }

  private findVersion(evidence: FilmEvidence): readonly [string, Fields] {
    const film = this.theFilm().record;
    const { record, fields } = this.records.counted(evidence.version, 'version');
    if (!film.id.equals(fields['film'] as Cid) || !record.author.equals(film.author)) {
      throw new Refused('wrong-film', `found a version of ${String(fields['film'])} by ${record.author}, expected this film's`);
    }
    const root = fields['root'] as Cid;
    if (!root.equals(evidence.content)) {
      throw new Refused('wrong-root', `found the root ${root} in the version, expected ${evidence.content}`);
    }
    const { deed } = evidence;
    if (deed.hex('content') !== toHex(root.bytes.slice(4)) || deed.big('codec') !== BigInt(root.codec)) {
      throw new Refused('bad-deed', `found the content ${deed.hex('content')} in the deed, expected ${toHex(root.bytes.slice(4))}`);
    }
    if (deed.hex('fingerprint') !== toHex(fields['source'] as Octets)) {
      throw new Refused('bad-deed', "found another fingerprint in the deed than the version's source, expected it");
    }
    return [`${String(fields['label'])}, root ${root}, source sha256:${deed.hex('fingerprint')}`, fields];
  }

  private binding(evidence: FilmEvidence): readonly [string, true] {
    const film = this.theFilm().record;
    const contracts = need(this.ledger.genesis, "the network's genesis").contracts;
    for (const { record, fields } of this.records.ofKindUnchecked('title')) {
      if (!record.author.equals(film.author) || !film.id.equals(fields['film'] as Cid)) continue;
      this.records.counted(record.id, 'title');
      const isSaid =
        fields['chain'] === contracts.chainId &&
        toHex(fields['contract'] as Octets) === contracts.titles &&
        toHex(fields['title'] as Octets) === evidence.title &&
        isSame(encode(fields['deed'] as Value), encode(evidence.deedMap)) &&
        isSame(fields['signature'] as Octets, evidence.signature);
      if (isSaid) return [`${record.author} and 0x${evidence.deed.hex('creator')} each signed for the other`, true];
    }
    throw new Refused('missing', `found no title record of ${film.author} that states this deed, expected one`);
  }

  /** A rating within an anchored root. */
  async ratingCheck(number: number, proof: RatingProof): Promise<void> {
    await this.inspection.check(`rating ${number}`, async () => {
      const film = this.theFilm();
      const { record, fields } = this.records.counted(proof.record, 'rating');
      const external = film.fields['external'];
      const names = new Set([film.record.id.text, ...(Array.isArray(external) ? external.map(String) : [])]);
      const given = (fields['ratings'] as [string, number | null][]).find(([name]) => names.has(name));
      if (given === undefined) throw new Refused('wrong-film', `found no rating of this film in the record ${record.id}, expected one`);
      await verifyInclusion(proof.record.bytes, proof.index, proof.size, proof.path, proof.root);
      const chain = need(this.ledger.state, 'the replay of the log').anchors.get(proof.account) ?? [];
      const anchor = chain.find((one) => one.root === toHex(proof.root) && one.size === proof.size);
      if (anchor === undefined) {
        throw new Refused('not-anchored', `found no anchor of ${toHex(proof.root)} over ${proof.size} by that account`);
      }
      const said = given[1] === null ? 'withdrawn' : `${given[1]} of 10`;
      const dated = moment(Math.floor(record.header.time / 1000));
      return [
        `${said} by ${record.author}, dated ${dated}; it existed by ${moment(anchor.time)}, when 0x${proof.account} anchored it in block ${anchor.block}`,
        true,
      ];
    });
  }
}
