/** Asks the page's own node by GET alone. What it answers is checked by whoever asked. */

import type { Cid } from './cid';
import type { Octets } from './octets';
import { Refused, Unavailable } from './refused';
import { OWN } from './sources';

const MAX_BLOCK_BYTES = 2 << 20;
const MAX_RECORDS_BYTES = 32 << 20;
const PATIENCE_MS = 60_000;

/**
 * The block of this id under a version's root, hashed before it is given away, from the page's own node or from a gateway.
 * Our own node, where it does not hold the block, asks that version's hosts. Throws `Refused` (`wrong-block`) or
 * `Unavailable`.
 */
export async function fetchBlock(source: string, root: string, cid: Cid, signal: AbortSignal, patienceMs: number): Promise<Octets> {
  const address = source === OWN ? `/ipfs/${cid}?format=raw&of=${root}` : `${source}/ipfs/${cid}?format=raw`;
  const block = await get(address, MAX_BLOCK_BYTES, signal, 'application/vnd.ipld.raw', patienceMs);
  if (!(await cid.isOf(block))) {
    throw new Refused('wrong-block', `found ${block.length} other bytes for the block ${cid}, expected those of its id`);
  }
  return block;
}

/** The records behind a film, as the node lists them. */
export function fetchFilmRecords(film: string, signal: AbortSignal): Promise<Octets> {
  return get(`/api/films/${encodeURIComponent(film)}/records`, MAX_RECORDS_BYTES, signal);
}

/** The records behind what viewers gave a film, as the node lists them. */
export function fetchRatingRecords(film: string, after: string | null, limit: number, signal: AbortSignal): Promise<Octets> {
  return fetchPage(film, 'ratings', after, limit, signal);
}

/** The records behind what people wrote about a film, as the node lists them. */
export function fetchReviewRecords(film: string, after: string | null, limit: number, signal: AbortSignal): Promise<Octets> {
  return fetchPage(film, 'reviews', after, limit, signal);
}

/** The records behind what was reported of a film, as the node lists them. */
export function fetchReportedRecords(film: string, limit: number, signal: AbortSignal): Promise<Octets> {
  return fetchPage(film, 'reports', null, limit, signal);
}

/** A page of an author's records, newest first, as the node lists them. */
export function fetchAuthorRecords(author: string, offset: number, limit: number, signal: AbortSignal): Promise<Octets> {
  return get(`/api/authors/${encodeURIComponent(author)}/records?limit=${limit}&offset=${offset}`, MAX_RECORDS_BYTES, signal);
}

/** The records behind a public list, as the node lists them. */
export function fetchCollectionRecords(id: string, signal: AbortSignal): Promise<Octets> {
  return get(`/api/collections/${encodeURIComponent(id)}/records`, MAX_RECORDS_BYTES, signal);
}

function fetchPage(film: string, sort: 'ratings' | 'reports' | 'reviews', after: string | null, limit: number, signal: AbortSignal): Promise<Octets> {
  const query = new URLSearchParams({ limit: String(limit), ...(after === null ? {} : { after }) });
  return get(`/api/films/${encodeURIComponent(film)}/${sort}/records?${query}`, MAX_RECORDS_BYTES, signal);
}

/** One record and its body. */
export function fetchRecord(id: string, signal: AbortSignal): Promise<Octets> {
  return get(`/api/records/${encodeURIComponent(id)}`, 64 << 10, signal);
}

async function get(path: string, maxBytes: number, signal: AbortSignal, accept = '*/*', patienceMs = PATIENCE_MS): Promise<Octets> {
  let response: Response;
  let data: Octets;
  try {
    response = await fetch(path, {
      headers: { Accept: accept },
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    });
    data = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof DOMException && error.name === 'TimeoutError' ? `within ${patienceMs / 1000} s` : 'at all';
    throw new Unavailable(`found no answer ${why}, expected this node to give ${path}`);
  }
  if (!response.ok) throw new Unavailable(detail(data) ?? `found status ${response.status} for ${path}`, response.status);
  if (data.length > maxBytes) throw new Refused('too-long', `found ${data.length} bytes, expected at most ${maxBytes}`);
  return data;
}

/** What a problem document says. */
function detail(data: Octets): string | null {
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(data));
    const said = typeof found === 'object' && found !== null && 'detail' in found ? found.detail : null;
    return typeof said === 'string' ? said : null;
  } catch {
    return null; // no JSON: the status has to do
  }
}
