/** The page's side of the worker that proves. */

import type { Questions, Sort, Tally, ToPage } from '../verify/asking';
import { Refused, Unavailable } from '../verify/refused';
import type { Left } from '../verify/sources';

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

let worker: Worker | null = null;
let last = 0;
const waiting = new Map<number, Waiting>();
const listeners = new Set<(tally: Tally) => void>();
const watchers = new Set<(left: Left) => void>();

function started(): Worker {
  if (worker === null) {
    worker = new Worker(new URL('../verify/worker.ts', import.meta.url), { type: 'module', name: 'verify' });
    worker.onmessage = (event: MessageEvent<ToPage>) => take(event.data);
  }
  return worker;
}

function take(told: ToPage): void {
  if ('tally' in told) {
    for (const listener of listeners) listener(told.tally);
    return;
  }
  if ('left' in told) {
    for (const watcher of watchers) watcher(told.left);
    return;
  }
  const asked = waiting.get(told.id);
  waiting.delete(told.id);
  if ('answer' in told) asked?.resolve(told.answer as never);
  else asked?.reject(failed(told.failure));
}

function failed(failure: { reason: string; sentence: string; status: number }): Error {
  if (failure.reason === 'unavailable') return new Unavailable(failure.sentence, failure.status);
  return new Refused(failure.reason, failure.sentence);
}

/** Asks the worker; throws `Refused` for what does not hold, `Unavailable` for what does not come. */
export function prove<S extends Sort>(sort: S, ask: Questions[S]['ask'], signal?: AbortSignal): Promise<Questions[S]['answer']> {
  const id = ++last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    signal?.addEventListener('abort', () => started().postMessage({ id, sort: 'leave' }), { once: true });
    started().postMessage({ id, sort, ask });
  });
}

/** Tells of every block that was checked, until the function that is returned is called. */
export function onTally(listener: (tally: Tally) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tells of every source that was left for another one, until the function that is returned is called. */
export function onLeft(watcher: (left: Left) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
