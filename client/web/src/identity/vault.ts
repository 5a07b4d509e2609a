/**
 * What this browser keeps of authors that it made or brought here: their key records, the sealed phrase, and what
 * passkeys open. Beside the drawer, so that a page which never had such an author never opens it.
 */

import type { Octets } from '../verify/octets';
import { Denied } from './drawer';

const NAME = 'cinepeer-authors';
const VERSION = 1;
const STORE = 'authors';

/** The phrase under a passkey: `id` names it, `salt` is what it is asked for, `sealed` the phrase under its answer. */
export interface Passkey {
  readonly id: Octets;
  readonly salt: Octets;
  readonly iv: Octets;
  readonly sealed: Octets;
}

/** An author: `chain` is a DAG-CBOR list of its key records; `file` the sealed phrase, null on a device that never had it. */
export interface KeptAuthor {
  readonly author: string;
  readonly chain: Octets;
  readonly file: Octets | null;
  readonly passkeys: readonly Passkey[];
}

/** The author of this id as it is kept here, or null. Throws `Denied`. */
export async function keptAuthor(author: string): Promise<KeptAuthor | null> {
  return ((await run('readonly', (store) => store.get(author))) as KeptAuthor | undefined) ?? null;
}

/** Keeps an author, in place of what was kept of it. Throws `Denied`. */
export async function keepAuthor(kept: KeptAuthor): Promise<void> {
  await run('readwrite', (store) => store.put(kept));
}

/** Forgets an author. Throws `Denied`. */
export async function forgetAuthor(author: string): Promise<void> {
  await run('readwrite', (store) => store.delete(author));
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await opened();
  try {
    const transaction = db.transaction(STORE, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
    });
    return request.result;
  } catch (error) {
    throw Denied.by(error);
  } finally {
    db.close();
  }
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'author' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(Denied.by(request.error));
    } catch (error) {
      reject(Denied.by(error));
    }
  });
}
