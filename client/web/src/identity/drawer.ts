/**
 * What this browser keeps of the page's device: the key, which no script can read out, and the records that it signed.
 * Everything lies in one IndexedDB of this origin.
 */

import type { Octets } from '../verify/octets';
import { openDatabase, transact } from './cabinet';

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
  const db = await openDatabase('cinepeer', (made) => {
    made.createObjectStore('keys', { keyPath: 'author' });
    made.createObjectStore('records', { keyPath: ['device', 'seq'] });
  });
  return {
    key: async (author) => ((await transact(db, 'keys', 'readonly', (store) => store.get(author))) as DeviceKey | undefined) ?? null,
    putKey: async (key) => void (await transact(db, 'keys', 'readwrite', (store) => store.put(key))),
    dropKey: (author) => transact(db, 'keys', 'readwrite', (store) => store.delete(author)),
    records: (device) => transact(db, 'records', 'readonly', (store) => store.getAll(IDBKeyRange.bound([device, 0], [device, Infinity]))) as Promise<Kept[]>,
    putRecord: async (kept) => void (await transact(db, 'records', 'readwrite', (store) => store.put(kept))),
  };
}
