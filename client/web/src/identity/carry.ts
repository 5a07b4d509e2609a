/** The page's side of the worker that stretches passphrases: one for each act, because it takes much memory for a moment. */

import type { Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import type { FromCarrier, ToCarrier } from './carry.worker';

const CHANCE_BYTES = 24;

/** The sealed file of a phrase's 32 bytes. */
export function seal(entropy: Octets, passphrase: string): Promise<Octets> {
  return put({ sort: 'seal', entropy, passphrase, chance: crypto.getRandomValues(new Uint8Array(CHANCE_BYTES)) });
}

/** The phrase's 32 bytes in a sealed file; throws `Refused` (`bad-passphrase`, `not-a-backup`, `no-phrase`, `no-memory`). */
export function unseal(file: Octets, passphrase: string): Promise<Octets> {
  return put({ sort: 'open', file, passphrase });
}

function put(asked: ToCarrier): Promise<Octets> {
  const worker = new Worker(new URL('./carry.worker.ts', import.meta.url), { type: 'module', name: 'carry' });
  return new Promise<Octets>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromCarrier>) => {
      if ('data' in data) resolve(data.data);
      else reject(new Refused(data.reason, data.sentence));
    };
    worker.onerror = () => reject(new Refused('no-program', 'The program that seals did not load.'));
    worker.postMessage(asked);
  }).finally(() => worker.terminate());
}
