/** The worker that proves: it fetches, checks and hands on what holds. It touches no document. */

import { type Ask, type FromPage, type ProvenRecord, type ToPage } from './asking';
import { isFilmId } from './bodies';
import { Cid } from './cid';
import { isSealedPath, newAgreement, Opener, publicOf } from './cipher';
import { type Depth, Early, readAhead } from './early';
import { decode } from './dagcbor';
import { fetchAuthorRecords, fetchBlock, fetchCollectionRecords, fetchFilmRecords, fetchRatingRecords, fetchRecord, fetchReportedRecords, fetchReviewRecords } from './fetching';
import { fromHex, toHex, type Octets } from './octets';
import { plain } from './plain';
import { Paces } from './pace';
import { parseRecord, readBody, verifyRecord } from './record';
import { Refused, Unavailable } from './refused';
import { Shelf } from './shelf';
import { Sources } from './sources';
import { Tree } from './tree';

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<FromPage>) => void) | null;
  postMessage(message: ToPage, transfer?: Transferable[]): void;
};

const leaving = new Map<number, AbortController>();
const tallies = new Map<string, { readonly ids: Set<string>; bytes: number }>();
const trees = new Map<string, { readonly tree: Tree; readonly ahead: Tree }>();
const paces = new Paces();
const agreements = new Map<string, CryptoKeyPair>();
const openers = new Map<string, Opener>();
const shelf = new Shelf(Date.now);
const sources = new Sources(fetchBlock, Date.now, (left) => scope.postMessage({ left }));
let admitted: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.sort === 'leave') leaving.get(data.id)?.abort();
  else void answer(data);
};

async function answer(asked: Ask): Promise<void> {
  const control = new AbortController();
  leaving.set(asked.id, control);
  try {
    const found = await work(asked, control.signal);
    scope.postMessage({ id: asked.id, answer: found }, found instanceof ArrayBuffer ? [found] : []);
  } catch (error) {
    scope.postMessage({ id: asked.id, failure: failure(error) });
  } finally {
    leaving.delete(asked.id);
  }
}

function work(asked: Ask, signal: AbortSignal): Promise<unknown> {
  switch (asked.sort) {
    case 'film':
      return film(asked.ask.film, asked.ask.isKnownEnough, signal);
    case 'file':
      return file(asked.ask.root, asked.ask.path, asked.ask.maxBytes, signal);
    case 'agree':
      return agree(asked.ask.version);
    case 'unlock':
      return unlock(asked.ask.version, asked.ask.root, asked.ask.wrapped);
    case 'ahead':
      return ahead(asked.ask.root, asked.ask.folders, asked.ask.depth);
    case 'sources':
      sources.name(asked.ask.root, asked.ask.gateways);
      return Promise.resolve(null);
    case 'pace':
      return Promise.resolve(paces.of(asked.ask.root));
    case 'record':
      return record(asked.ask.id, signal);
    case 'ratings':
      return ratings(asked.ask.film, asked.ask.after, asked.ask.limit, signal);
    case 'reviews':
      return reviews(asked.ask.film, asked.ask.after, asked.ask.limit, signal);
    case 'reported':
      return reported(asked.ask.film, asked.ask.named, asked.ask.limit, signal);
    case 'said':
      return said(asked.ask.author, asked.ask.offset, asked.ask.limit, signal);
    case 'collection':
      return collection(asked.ask.id, signal);
  }
}

/** One shelf for all films: what was verified once stays valid, and one author's records come together. */
async function film(id: string, isKnownEnough: boolean, signal: AbortSignal): Promise<unknown> {
  if (!isFilmId(id)) return null;
  const known = isKnownEnough ? shelf.film(id) : null;
  if (known !== null) return known;
  await admit(await fetchFilmRecords(id, signal));
  return shelf.film(id);
}

async function ratings(film: string, after: string | null, limit: number, signal: AbortSignal): Promise<unknown> {
  await admit(await fetchRatingRecords(film, after, limit, signal));
  return shelf.ratings(film);
}

async function reviews(film: string, after: string | null, limit: number, signal: AbortSignal): Promise<unknown> {
  await admit(await fetchReviewRecords(film, after, limit, signal));
  return shelf.reviews(film);
}

async function reported(film: string, named: readonly string[], limit: number, signal: AbortSignal): Promise<unknown> {
  await admit(await fetchReportedRecords(film, limit, signal));
  return shelf.reported(named);
}

async function said(author: string, offset: number, limit: number, signal: AbortSignal): Promise<unknown> {
  await admit(await fetchAuthorRecords(author, offset, limit, signal));
  return shelf.said(author, offset + limit);
}

async function collection(id: string, signal: AbortSignal): Promise<unknown> {
  await admit(await fetchCollectionRecords(id, signal));
  return shelf.collection(id);
}

/** One list after the other: a chain is admitted in its order. */
async function admit(records: Octets): Promise<void> {
  const turn = admitted.then(() => shelf.admit(records));
  admitted = turn.catch(() => undefined);
  await turn;
}

async function file(root: string, path: string, maxBytes: number, signal: AbortSignal): Promise<ArrayBuffer> {
  const data = await treesOf(root).tree.file(Cid.parse(root), path, maxBytes, signal);
  const opener = isSealedPath(path) ? openers.get(root) : undefined;
  if (opener !== undefined) return (await opener.file(path, data)).buffer;
  // A block that is the whole file may be a view: the page gets exactly its bytes.
  return data.byteLength === data.buffer.byteLength ? data.buffer : data.slice().buffer;
}

/** The pair lives here until the key has come; whoever asks again gets another one. */
async function agree(version: string): Promise<string> {
  const pair = await newAgreement();
  agreements.set(version, pair);
  return toHex(await publicOf(pair));
}

async function unlock(version: string, root: string, wrapped: string): Promise<null> {
  const [pair, sealed] = [agreements.get(version), shelf.sealOf(version)];
  if (pair === undefined || sealed === null) throw new Refused('bad-wrapping', 'found a key that nobody asked for, expected none');
  openers.set(root, await Opener.unwrapped(fromHex(wrapped), pair, Cid.parse(version), sealed.commitment));
  agreements.delete(version);
  return null;
}

async function ahead(root: string, folders: readonly string[], depth: Depth): Promise<null> {
  await readAhead(treesOf(root).ahead, Cid.parse(root), folders, depth);
  return null;
}

/** Two readers of one version: the player's, and the one that has its first blocks under way. */
function treesOf(root: string): { readonly tree: Tree; readonly ahead: Tree } {
  const known = trees.get(root);
  if (known !== undefined) return known;
  const early = new Early((cid, signal) => block(root, cid, signal));
  const made = { tree: new Tree((cid, signal) => early.take(cid, signal)), ahead: new Tree((cid, signal) => early.begin(cid, signal)) };
  trees.set(root, made);
  return made;
}

async function block(root: string, cid: Cid, signal: AbortSignal): Promise<Octets> {
  const began = performance.now();
  const found = await sources.block(root, cid, signal);
  paces.note(root, performance.now() - began, found.length);
  const checked = tallies.get(root) ?? { ids: new Set<string>(), bytes: 0 };
  tallies.set(root, checked);
  // A block that is fetched again after a jump back is checked again, and counted once.
  if (!checked.ids.has(cid.text)) {
    checked.ids.add(cid.text);
    checked.bytes += found.length;
    scope.postMessage({ tally: { root, blocks: checked.ids.size, bytes: checked.bytes } });
  }
  return found;
}

async function record(id: string, signal: AbortSignal): Promise<ProvenRecord> {
  const pair = decode(await fetchRecord(id, signal));
  const [found, body] = Array.isArray(pair) && pair.length === 2 ? pair : [];
  if (!(found instanceof Uint8Array) || !(body === null || body instanceof Uint8Array)) {
    throw new Refused('bad-list', 'found no record and body, expected both');
  }
  const read = await parseRecord(found);
  if (read.id.text !== id) throw new Refused('wrong-record', `found the record ${read.id}, expected ${id}`);
  await verifyRecord(read);
  const fields = body === null ? null : await readBody(read, body);
  const { device, kind, seq, time } = read.header;
  const shown = fields === null ? null : (plain(fields) as { [name: string]: unknown });
  return { id, author: read.author.text, device: toHex(device), kind, seq, time, fields: shown };
}

function failure(error: unknown): { reason: string; sentence: string; status: number } {
  if (error instanceof Refused) return { reason: error.reason, sentence: error.message, status: 0 };
  if (error instanceof Unavailable) return { reason: 'unavailable', sentence: error.message, status: error.status };
  const isLeft = error instanceof DOMException && error.name === 'AbortError';
  return { reason: isLeft ? 'left' : 'mistake', sentence: error instanceof Error ? error.message : String(error), status: 0 };
}
