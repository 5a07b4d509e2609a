/** This origin's own databases: opened, and asked in transactions that are on disk before they are told. */

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

/** Opens the database of this name, made by `make` where there is none. Throws `Denied`. */
export function openDatabase(name: string, make: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const deny = (why: unknown): void => reject(Denied.by(why));
    try {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => make(request.result);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => deny(request.error);
      request.onblocked = () => deny('another tab holds an older form of it');
    } catch (error) {
      deny(error);
    }
  });
}

/** Does one piece of work in a transaction of its own and returns its answer once it is kept. Throws `Denied`. */
export async function transact<T>(db: IDBDatabase, store: string, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
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
}
