/**
 * What this browser keeps of the page's device: the key, which no script can read out, and the records that it signed.
 * Everything lies in one IndexedDB of this origin.
 */

import type { Octets } from '../verify/octets';

const NAME = 'cinepeer';
const VERSION = 1;

/** The page's key for one author; `device` is the public key in hexadecimal digits. */
export interface DeviceKey {
  readonly author: string;
  readonly device: string;
  readonly name: string;
  readonly keys: CryptoKeyPair;
}

/** A record of this device as it was signed; `isTaken` once the node has said that it holds it. */
export interface Kept {
  readonly device: string;
  readonly seq: number;
  readonly id: string;
  readonly time: number;
  readonly block: Octets;
  readonly body: Octets;
  readonly isTaken: boolean;
}

/** The browser keeps nothing for this page; the message is the browser's own word. `isFull`: it has no room left. */
export class Denied extends Error {
  constructor(
    message: string,
    readonly isFull = false,
  ) {
    super(message);
  }

  /** The denial that lies in what the browser threw. */
  static by(error: unknown): Denied {
    if (error instanceof Denied) return error;
    const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
    return new Denied(error instanceof Error ? error.message : String(error), isFull);
  }
}

/** Where keys and records are kept. */
export interface Drawer {
  key(author: string): Promise<DeviceKey | null>;
  putKey(key: DeviceKey): Promise<void>;
  dropKey(author: string): Promise<void>;
  /** All records of a device, in the order of their feed. */
  records(device: string): Promise<readonly Kept[]>;
  putRecord(kept: Kept): Promise<void>;
}

/** Opens the browser's drawer; throws `Denied`. */
export async function openDrawer(): Promise<Drawer> {
  const db = await opened();
  const run = async <T>(store: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    try {
      // Strict: what was signed has to outlive the machine before it is told to anybody.
      const transaction = db.transaction(store, mode, { durability: 'strict' });
      const request = work(transaction.objectStore(store));
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
      });
      return request.result;
    } catch (error) {
      throw Denied.by(error);
    }
  };
  return {
    key: async (author) => ((await run('keys', 'readonly', (store) => store.get(author))) as DeviceKey | undefined) ?? null,
    putKey: async (key) => void (await run('keys', 'readwrite', (store) => store.put(key))),
    dropKey: (author) => run('keys', 'readwrite', (store) => store.delete(author)),
    records: (device) => run('records', 'readonly', (store) => store.getAll(IDBKeyRange.bound([device, 0], [device, Infinity]))) as Promise<Kept[]>,
    putRecord: async (kept) => void (await run('records', 'readwrite', (store) => store.put(kept))),
  };
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const deny = (why: unknown): void => reject(Denied.by(why));
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('keys', { keyPath: 'author' });
        request.result.createObjectStore('records', { keyPath: ['device', 'seq'] });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => deny(request.error);
      request.onblocked = () => deny('another tab holds an older form of it');
    } catch (error) {
      deny(error);
    }
  });
}
