/** One film's bundle, `cinepeer/audit/1`: every check in order, as the node's own verifier makes them. */

import type { Cid } from '../verify/cid';
import type { Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { parseNode } from '../verify/unixfs';
import type { Shipped } from './code';
import { Inspection, need } from './inspection';
import { auditBlock, auditHead, auditReplay, type Ledger } from './ledger';
import {
  needed,
  NAMES,
  parseManifest,
  readLedger,
  readLogPage,
  readRatings,
  readRights,
  type FilmManifest,
  type Get,
  type RatingProof,
} from './parts';
import { auditFeeds, auditWitnesses, FilmAudit } from './records';
import { TitleAudit } from './title';

type Evidence = FilmManifest &
  ReturnType<typeof readRights> & {
    readonly block: ReturnType<typeof readLedger> & { readonly genesis: Cid; readonly code: readonly Octets[] };
    readonly entries: ReturnType<typeof readLogPage>;
    readonly pairs: readonly (readonly [Octets, Octets | null])[];
    readonly proofs: readonly RatingProof[];
  };

/** What an audit is about, for the page: ids in text. */
export interface Subject {
  readonly film: string;
  readonly name: string;
  readonly title: string;
  readonly network: string;
}

/** Makes every check of a film's bundle after those of its container. */
export async function auditFilm(inspection: Inspection, root: Cid | null, get: Get, shipped: Shipped): Promise<{ ledger: Ledger; witnesses: number; subject: Subject | null }> {
  const evidence = await inspection.check("the bundle's parts can be read", () => {
    const found = read(need(root, "the CAR's header"), get);
    const said = `${found.entries.length} log entries, ${found.pairs.length} records, ${found.offers.length} offers, ${found.proofs.length} proofs of ratings`;
    return [said, found];
  });
  const parts = () => need(evidence, "reading the bundle's parts");
  const ledger = await auditBlock(inspection, evidence && { ...evidence.block }, get, shipped);
  await auditReplay(inspection, () => parts().entries, ledger);
  await auditHead(inspection, () => parts().title, ledger);
  const title = new TitleAudit(inspection, ledger, shipped, parts);
  await title.titleChecks();
  await title.moneyChecks(evidence?.title ?? null);
  await title.anchorChecks(evidence?.proofs.map((one) => one.account) ?? []);
  const records = await auditFeeds(inspection, () => parts().pairs);
  const film = new FilmAudit(inspection, parts, ledger, records);
  await film.filmChecks();
  await inspection.check('bytes of the film', () => bytes(need(film.version, 'the version record'), parts().content, get));
  for (const [at, proof] of (evidence?.proofs ?? []).entries()) await film.ratingCheck(at + 1, proof);
  await auditWitnesses(inspection, ledger, records);
  const subject = evidence && { film: evidence.film.text, name: film.name, title: evidence.title, network: evidence.genesis.text };
  return { ledger, witnesses: records.witnesses, subject };
}

function read(root: Cid, get: Get): Evidence {
  const manifest = parseManifest(needed(root, get, 'the manifest'));
  const block = readLedger(needed(manifest.ledger, get, 'the header and proofs of the ledger'));
  const code = manifest.code.map((cid, at) => needed(cid, get, `the code of ${NAMES[at]}`));
  return {
    ...manifest,
    ...readRights(needed(manifest.rights, get, 'the deed and the offers')),
    block: { ...block, genesis: manifest.genesis, code },
    entries: manifest.logs.flatMap((cid) => readLogPage(needed(cid, get, "a page of the ledger's log"))),
    pairs: manifest.records.map(([record, body]) => [needed(record, get, 'a record'), body && needed(body, get, 'a body')]),
    proofs: readRatings(needed(manifest.ratings, get, 'the proofs of ratings')),
  };
}

/** Every block of a film's bundle once, in the order of the format, each with what it is. */
export function* filmOrder(root: Cid, get: Get): Iterable<[Cid, string]> {
  yield [root, 'the manifest'];
  const block = get(root);
  if (block === null) return;
  const manifest = parseManifest(block);
  yield [manifest.genesis, 'the genesis of the network'];
  yield [manifest.ledger, 'the header and proofs of the ledger'];
  for (const [at, cid] of manifest.code.entries()) yield [cid, `the code of ${NAMES[at]}`];
  for (const [at, cid] of manifest.logs.entries()) yield [cid, `page ${at + 1} of the ledger's log`];
  yield [manifest.rights, 'the deed and the offers'];
  for (const [at, [record, body]] of manifest.records.entries()) {
    yield [record, `record ${at + 1}`];
    if (body !== null) yield [body, `the body of record ${at + 1}`];
  }
  yield [manifest.ratings, 'the proofs of ratings'];
  for (const [cid, path] of filmBlocks(manifest.content, get)) yield [cid, `a block of the film's bytes, ${path || 'the folder'}`];
}

/** Every block under a version's root once, each before those it links to; throws `Refused` for a false size. */
function* filmBlocks(content: Cid, get: Get): Iterable<[Cid, string]> {
  const waiting: [Cid, string, number | null][] = [[content, '', null]];
  const sizes = new Map<string, number | null>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [cid, path, expected] = next;
    if (!sizes.has(cid.text)) {
      yield [cid, path];
      const block = get(cid);
      sizes.set(cid.text, block === null ? null : sizeAndLinks(cid, block, path, waiting));
    }
    const found = sizes.get(cid.text)!;
    if (expected !== null && found !== null && expected !== found) {
      throw new Refused('bad-node', `found ${found} bytes in ${path} under ${cid}, expected ${expected}`);
    }
  }
}

function sizeAndLinks(cid: Cid, block: Octets, path: string, waiting: [Cid, string, number | null][]): number {
  const node = parseNode(cid, block);
  if (node.sort === 'folder') {
    const entries = [...node.entries].map(([name, child]): [Cid, string, null] => [child, path ? `${path}/${name}` : name, null]);
    waiting.push(...entries.reverse());
    return 0;
  }
  if (node.sort === 'leaf') return node.data.length;
  waiting.push(...node.parts.map((part): [Cid, string, number] => [part.cid, path, part.size]).reverse());
  return node.size;
}

function bytes(version: { readonly [name: string]: unknown }, content: Cid, get: Get): readonly [string, true] {
  let [count, size] = [0, 0];
  for (const [cid, path] of filmBlocks(content, get)) {
    const block = get(cid);
    if (block === null) throw new Refused('missing-block', `found no sound block ${cid} of ${path}, expected all under the root`);
    count++;
    size += block.length;
  }
  if (version['blocks'] !== count || version['size_bytes'] !== size) {
    throw new Refused('bad-version', `found ${count} blocks of ${size} bytes, expected ${version['blocks']} of ${version['size_bytes']}`);
  }
  return [`${count} blocks of ${size} bytes under ${content}`, true];
}
