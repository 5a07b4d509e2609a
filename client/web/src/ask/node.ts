/** The API of the node that serves this page. */

import type { Octets } from '../verify/octets';
import { Refused, Unavailable } from '../verify/refused';
import type { AuditRequest, Routes } from './api';

const READ_MS = 30_000;

/** As many films as one answer holds at most. */
export const MANY_FILMS = 1_000;

/** The node said no, in a sentence; `status` is HTTP's. */
export class Declined extends Error {
  constructor(
    sentence: string,
    readonly status: number,
  ) {
    super(sentence);
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted && !(init.signal.reason instanceof DOMException && init.signal.reason.name === 'TimeoutError')) throw error;
    throw new Unavailable('');
  }
  if (!response.ok) throw new Declined(await sentence(response), response.status);
  return response;
}

async function sentence(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: unknown };
    if (typeof problem.detail === 'string') return problem.detail;
  } catch {
    // no problem document: the status has to do
  }
  return `found status ${response.status}, expected an answer`;
}

/** What a call may carry beside its route: values for the path, the query, a body, and how to end it. */
export interface Call<R extends keyof Routes> {
  readonly path?: { readonly [name: string]: string };
  readonly query?: { readonly [name: string]: string | number };
  readonly body?: Routes[R]['body'];
  readonly signal?: AbortSignal;
}

/** Calls a route of the API and returns what it answers; throws `Declined`, or `Unavailable` where none comes. */
export async function call<R extends keyof Routes>(route: R, { path = {}, query = {}, body, signal }: Call<R> = {}): Promise<Routes[R]['answer']> {
  const [method, pattern] = route.split(' ') as [string, string];
  const asked = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name]!));
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  const address = search ? `${asked}?${search}` : asked;
  const response =
    method === 'GET'
      ? await ask(address, { signal: signal ?? AbortSignal.timeout(READ_MS) })
      : await write(address, body ?? null, signal ?? null, method);
  return told(response);
}

/** What an answer says; throws `Refused` where something else speaks in the node's place: the page of a hotel, a proxy. */
async function told<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof DOMException) throw error;
    if (!(error instanceof SyntaxError)) throw new Unavailable('');
    const { pathname } = new URL(response.url, location.href);
    throw new Refused('bad-answer', `found ${response.headers.get('Content-Type') ?? 'no type'} for ${pathname}, expected JSON`);
  }
}

/** A write. Cookies are shared by all ports of a host, so that another node's page may have replaced ours: then the
 * page is asked for its cookie once more. */
async function write(path: string, body: unknown, signal: AbortSignal | null = null, method = 'POST'): Promise<Response> {
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? 'application/vnd.ipld.dag-cbor' : 'application/json';
  const json = { headers: { 'Content-Type': type }, body: isBytes ? (body as Octets) : JSON.stringify(body) };
  // What was begun is finished even when the page is left: a rating is small enough for that.
  const init = { method, signal, keepalive: signal === null, ...(body === null ? {} : json) };
  try {
    return await ask(path, init);
  } catch (error) {
    if (!(error instanceof Declined && error.status === 401)) throw error;
    await ask('/', { signal });
    return ask(path, init);
  }
}

/** What a public list says. */
export interface ListWords {
  readonly name: string;
  readonly about: string;
  readonly language: string;
  readonly films: readonly string[];
}

const NOBODY: Routes['GET /api/authors/{author}']['answer'] = { author: '', name: null, profile: null, films: [], collections: [], follows: [], followers: 0, followed: false };

export const node = {
  status: () => call('GET /api/status'),
  films: (limit: number, offset: number) => call('GET /api/films', { query: { limit, offset } }),
  film: (film: string) => call('GET /api/films/{film}', { path: { film } }),
  search: (words: string, wanted: { readonly [name: string]: string | number } = {}) => call('GET /api/search', { query: { q: words, limit: 48, ...wanted } }),
  ratings: (film: string, after: string | null, limit: number) =>
    call('GET /api/films/{film}/ratings', { path: { film }, query: { limit, ...(after === null ? {} : { after }) } }),
  rights: (film: string) => call('GET /api/films/{film}/rights', { path: { film } }),
  /** The list of an author; null: of the node's own; '': of nobody. */
  recommendations: (of: string | null) => call('GET /api/recommendations', { query: { limit: 24, ...(of === null ? {} : { author: of }) } }),
  opened: (film: string, limit: number, of: string | null) => call('GET /api/recommendations/{film}', { path: { film }, query: { limit, ...(of === null ? {} : { author: of }) } }),
  fairness: () => call('GET /api/fairness'),
  wishes: () => call('GET /api/wishes'),
  wish: (change: Routes['PATCH /api/wishes']['body']) => call('PATCH /api/wishes', { body: change }),
  importRatings: async (file: Octets, keep: boolean): Promise<Routes['POST /api/imports']['answer']> =>
    told(await write(`/api/imports?keep=${keep}`, file, AbortSignal.timeout(READ_MS))),
  privateRatings: () => call('GET /api/imports'),
  forgetPrivate: () => call('DELETE /api/imports'),
  publishPrivate: () => call('POST /api/imports/publications', { body: {} }),
  hosting: () => call('GET /api/hosting'),
  account: () => call('GET /api/account'),
  rate: (film: string, stars: number | null) => call('POST /api/ratings', { body: { ratings: [[film, stars]] } }),
  review: (film: string, text: string, language: string, spoiler: boolean) => call('POST /api/reviews', { body: { film, text, language, spoiler } }),
  comment: (on: string, text: string, language: string) => call('POST /api/comments', { body: { on, text, language } }),
  report: (wanted: Routes['POST /api/reports']['body']) => call('POST /api/reports', { body: wanted }),
  appeal: (ruling: string, text: string, language: string) => call('POST /api/appeals', { body: { ruling, text, language } }),
  retract: (record: string) => call('POST /api/retractions', { body: { records: [record] } }),
  /** Of nobody, '', there is nothing to ask for. */
  author: async (author: string) => (author === '' ? NOBODY : call('GET /api/authors/{author}', { path: { author } })),
  follows: () => call('GET /api/follows'),
  follow: (on: string, follows: boolean) => call('POST /api/follows', { body: { on, follows } }),
  news: () => call('GET /api/news', { query: { limit: 50 } }),
  collection: (collection: string) => call('GET /api/collections/{collection}', { path: { collection } }),
  collect: (collection: string | null, said: ListWords) => call('POST /api/collections', { body: { collection, ...said, films: [...said.films] } }),
  connect: (addr: string) => call('POST /api/peers', { body: { addr } }),
  sync: () => call('POST /api/sync'),
  takeCredits: () => call('POST /api/account/credits'),
  delegate: (device: string, name: string) => call('POST /api/delegations', { body: { device, name } }),
  device: (device: string) => call('GET /api/devices/{device}', { path: { device } }),
  sendRecords: async (list: Octets): Promise<Routes['POST /api/records']['answer']> => told(await write('/api/records', list)),
  audit,
};

/**
 * An audit bundle, as a file. A node that is somebody else's (`isLight`) makes by GET alone those of a film's title, without
 * the film's bytes, and of an author's titles.
 */
async function audit(wanted: AuditRequest, signal: AbortSignal, isLight = false): Promise<Blob> {
  if (isLight && wanted.film) return (await ask(`/api/films/${encodeURIComponent(wanted.film)}/audit`, { signal })).blob();
  const set = wanted.set ? `?set=${wanted.set}` : '';
  if (isLight && wanted.author) return (await ask(`/api/authors/${encodeURIComponent(wanted.author)}/audit${set}`, { signal })).blob();
  return (await write('/api/audits', wanted, signal)).blob();
}
