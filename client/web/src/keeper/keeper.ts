/**
 * Keeps the page's own program, so that it opens while its node is away and says so. What a node says and what films are
 * made of is never kept here: both are asked for, and checked, each time.
 */

const STORE = 'cinepeer-page';
const SHELL = '/';
const FILE = /\/assets\/[^"'\s)]+/g;

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Lasting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Told extends Lasting {
  readonly data: unknown;
}

const scope = self as unknown as {
  readonly location: Location;
  addEventListener(sort: 'install' | 'activate', act: (event: Lasting) => void): void;
  addEventListener(sort: 'fetch', act: (event: Asked) => void): void;
  addEventListener(sort: 'message', act: (event: Told) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
};

scope.addEventListener('install', (event) => event.waitUntil(begin().then(() => scope.skipWaiting())));
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener('message', (event) => event.waitUntil(take(event.data)));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== scope.location.origin) return;
  if (request.mode === 'navigate' && !pathname.startsWith('/embed/')) event.respondWith(page(request));
  else if (pathname.startsWith('/assets/')) event.respondWith(file(request));
});

/** Keeps the page and the files that it names. */
async function begin(): Promise<void> {
  const answer = await fetch(SHELL);
  if (answer.ok) await keep(answer);
}

/** A screen comes from the node while it answers; while it is away, the page as it was kept says so. */
async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok) await keep(answer.clone());
    return answer;
  } catch (error) {
    const kept = await (await caches.open(STORE)).match(SHELL);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** A file is named by its bytes: one that is kept is the one that is asked for. */
async function file(request: Request): Promise<Response> {
  const store = await caches.open(STORE);
  const kept = await store.match(request.url);
  if (kept !== undefined && !isOwnPolicy(request.url)) return kept;
  try {
    const answer = await fetch(request);
    if (answer.ok) await store.put(request.url, answer.clone());
    return answer;
  } catch (error) {
    if (kept !== undefined) return kept;
    throw error;
  }
}

/** A worker's file comes with the policy of the moment, which names other gateways tomorrow. */
function isOwnPolicy(url: string): boolean {
  return new URL(url).pathname.startsWith('/assets/worker-');
}

/** Keeps the page; where it is another build, the files of the one before go. */
async function keep(answer: Response): Promise<void> {
  const store = await caches.open(STORE);
  const now = filesOf(await answer.clone().text());
  const before = filesOf(await ((await store.match(SHELL))?.text() ?? ''));
  await store.put(SHELL, answer);
  if (now.join() === before.join()) return;
  for (const request of await store.keys()) if (new URL(request.url).pathname !== SHELL) await store.delete(request);
  await take(now);
}

/** Keeps more files of the page: those that it had loaded before it was kept. */
async function take(told: unknown): Promise<void> {
  if (!Array.isArray(told)) return;
  const store = await caches.open(STORE);
  const wanted = told.filter((one): one is string => typeof one === 'string' && one.startsWith('/assets/'));
  await Promise.allSettled(wanted.map(async (path) => (await store.match(path)) ?? store.add(path)));
}

function filesOf(text: string): string[] {
  return [...new Set(text.match(FILE))].sort();
}
