/** The API of the node that serves this page. */

import { Unavailable } from '../verify/refused';
import type { Account, Film, Hosting, Peer, PublishWish, Rated, Recommendations, Rights, Status, Step } from './shapes';

const READ_MS = 30_000;

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

async function get<T>(path: string): Promise<T> {
  return (await (await ask(path, { signal: AbortSignal.timeout(READ_MS) })).json()) as T;
}

async function post<T>(path: string, body: unknown = null): Promise<T> {
  return (await (await write(path, body)).json()) as T;
}

/** A write. Cookies are shared by all ports of a host, so that another node's page may have replaced ours: then the
 * page is asked for its cookie once more. */
async function write(path: string, body: unknown, signal: AbortSignal | null = null): Promise<Response> {
  const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  // What was begun is finished even when the page is left: a rating is small enough for that.
  const init = { method: 'POST', signal, keepalive: signal === null, ...(body === null ? {} : json) };
  try {
    return await ask(path, init);
  } catch (error) {
    if (!(error instanceof Declined && error.status === 401)) throw error;
    await ask('/', { signal });
    return ask(path, init);
  }
}

const of = encodeURIComponent;

export const node = {
  status: () => get<Status>('/api/status'),
  films: () => get<Film[]>('/api/films'),
  film: (id: string) => get<Film>(`/api/films/${of(id)}`),
  rights: (id: string) => get<Rights>(`/api/films/${of(id)}/rights`),
  recommendations: () => get<Recommendations>('/api/recommendations?limit=24'),
  hosting: () => get<Hosting>('/api/hosting'),
  account: () => get<Account>('/api/account'),
  rate: (film: string, stars: number | null) => post<Rated>('/api/ratings', { ratings: [[film, stars]] }),
  connect: (addr: string) => post<{ peer_id: string }>('/api/peers', { addr }),
  sync: () => post<Peer[]>('/api/sync'),
  takeCredits: () => post<Account>('/api/account/credits'),
  publish,
  audit,
};

/** Publishes a file on the node's machine; yields each step as it happens. */
async function* publish(wish: PublishWish, signal: AbortSignal): AsyncGenerator<Step> {
  const response = await write('/api/publish', wish, signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { done, value } = await reader.read();
    held += value ?? '';
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) if (line) yield JSON.parse(line) as Step;
    if (done) return;
  }
}

/** The audit bundle of a film, as a file. */
async function audit(film: string, raters: string[], signal: AbortSignal): Promise<Blob> {
  return (await write('/api/audits', { film, raters }, signal)).blob();
}
