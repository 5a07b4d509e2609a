/**
 * What this browser keeps of authors that it made or brought here: their key records, the sealed phrase, and what
 * passkeys open. Beside the drawer, so that a page which never had such an author never opens it.
 */

import type { Octets } from '../verify/octets';
import { openDatabase, transact } from './cabinet';

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
  const db = await openDatabase('cinepeer-authors', (made) => made.createObjectStore(STORE, { keyPath: 'author' }));
  try {
    return await transact(db, STORE, mode, work);
  } finally {
    db.close();
  }
}
