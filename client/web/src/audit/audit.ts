/** Verifies an audit bundle offline, line by line: the second implementation of what `cinepeer-client audit` does. */

import type { Cid } from '../verify/cid';
import { sha256, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import type { Shipped } from './code';
import { auditCollection, collectionOrder } from './collection';
import { scan, type Container } from './container';
import { auditFilm, filmOrder } from './film';
import { Inspection, moment, need, type Line } from './inspection';
import type { Ledger } from './ledger';
import { isCollection } from './parts';
import { canShow, type Answered, type Asked } from './showing';
import type { State } from './state';

/** What was audited, and what the whole rests on, as values that the page puts into words. */
export interface Report {
  readonly isHeld: boolean;
  readonly lines: readonly Line[];
  readonly sort: string;
  readonly subject: string;
  readonly name: string;
  readonly title: string;
  readonly network: string;
  readonly block: number | null;
  readonly hash: string;
  readonly time: string;
  /** The key that ordered the block; empty for a chain of others, and where the block does not hold. */
  readonly sequencer: string;
  /** Keys that handed over to the next one, the first first. */
  readonly predecessors: readonly string[];
  readonly witnesses: number;
  readonly sha256: string;
  readonly bytes: number;
  /** Whether the film of a title's bundle may be shown, where that was asked and could be answered. */
  readonly answer: Answered | null;
}

/** Every check of one bundle, in order; `onLine` hears of each as it comes. Never throws for what the bytes are. */
export async function audit(car: Octets, shipped: Shipped, onLine?: (line: Line) => void, asked: Asked | null = null): Promise<Report> {
  const inspection = new Inspection(onLine);
  const container = await scan(car);
  const { root, get } = container;
  await inspection.check('every block matches its id', () => blocks(container));
  await inspection.check('the bundle holds its parts and nothing else', () => order(container));
  const told = isCollection(root && get(root))
    ? await collected(inspection, container, shipped)
    : await filmed(inspection, container, shipped);
  const { ledger } = told;
  const keys = ledger.succession?.keys ?? [];
  return {
    isHeld: inspection.lines.every((line) => line.isHeld),
    lines: inspection.lines,
    sort: told.sort,
    subject: told.subject,
    name: told.name,
    title: told.title,
    network: told.network,
    block: ledger.header?.number ?? null,
    hash: ledger.header ? '0x' + toHex(ledger.header.hash) : '',
    time: ledger.header ? moment(ledger.header.time) : '',
    sequencer: keys.length ? toHex(keys.at(-1)!) : '',
    predecessors: keys.slice(0, -1).map(toHex),
    witnesses: told.witnesses,
    sha256: toHex(await sha256(car)),
    bytes: car.length,
    answer: asked && told.state && canShow(told.state, asked),
  };
}

interface Told {
  readonly ledger: Ledger;
  readonly witnesses: number;
  readonly sort: string;
  readonly subject: string;
  readonly name: string;
  readonly title: string;
  readonly network: string;
  /** What the ledger says of the one title, where the bundle is of one. */
  readonly state: State | null;
}

async function filmed(inspection: Inspection, { root, get }: Container, shipped: Shipped): Promise<Told> {
  const { ledger, witnesses, subject } = await auditFilm(inspection, root, get, shipped);
  const { film = '', name = '', title = '', network = '' } = subject ?? {};
  return { ledger, witnesses, sort: 'film', subject: film, name, title: title && '0x' + title, network, state: ledger.state };
}

async function collected(inspection: Inspection, { root, get }: Container, shipped: Shipped): Promise<Told> {
  const { ledger, witnesses, manifest, titles } = await auditCollection(inspection, root, get, shipped);
  const [sort, subject, network] = [manifest?.sort ?? '', manifest?.subject.text ?? '', manifest?.genesis.text ?? ''];
  return { ledger, witnesses, sort, subject, name: '', title: '', network, state: [...titles.values()][0] ?? null };
}

function blocks({ faults, sections, size }: Container): readonly [string, true] {
  if (faults.length) {
    const more = faults.length - 8;
    throw new Refused('bad-bundle', faults.slice(0, 8).join('; ') + (more > 0 ? `; and ${more} more` : ''));
  }
  return [`${sections.length} blocks in ${size} bytes, each sound`, true];
}

function order({ root, sections, size, get }: Container): readonly [string, true] {
  const first = need(root, "the CAR's header");
  const seen = new Set<string>();
  let at = 0;
  const ordered: Iterable<[Cid, string]> = isCollection(get(first)) ? collectionOrder(first, get) : filmOrder(first, get);
  for (const [cid, role] of ordered) {
    if (seen.has(cid.text)) continue;
    seen.add(cid.text);
    const section = sections[at++];
    if (section === undefined) throw new Refused('bad-bundle', `found the end at byte ${size}, expected ${role} (${cid})`);
    if (!section.cid.equals(cid)) {
      throw new Refused('bad-bundle', `found ${section.cid} at byte ${section.offset}, expected ${role} (${cid})`);
    }
  }
  const left = sections[at];
  if (left !== undefined) throw new Refused('bad-bundle', `found ${left.cid} at byte ${left.offset}, which nothing leads to`);
  return [`${at} blocks from the manifest on, in order`, true];
}
