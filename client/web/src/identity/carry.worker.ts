/** The worker that stretches passphrases: it seals a phrase into a file and opens one. It touches no document and no network. */

import type { Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { openPhrase, sealPhrase } from './sealing';

/** A phrase to seal with chance of its own, or a file to open. */
export type ToCarrier =
  | { readonly sort: 'seal'; readonly entropy: Octets; readonly passphrase: string; readonly chance: Octets }
  | { readonly sort: 'open'; readonly file: Octets; readonly passphrase: string };

export type FromCarrier = { readonly data: Octets } | { readonly reason: string; readonly sentence: string };

const scope = self as unknown as { onmessage: ((event: MessageEvent<ToCarrier>) => void) | null; postMessage(message: FromCarrier): void };

scope.onmessage = async ({ data: asked }) => {
  try {
    const done = asked.sort === 'seal' ? sealPhrase(asked.entropy, asked.passphrase, asked.chance) : openPhrase(asked.file, asked.passphrase);
    scope.postMessage({ data: await done });
  } catch (error) {
    const reason = error instanceof Refused ? error.reason : error instanceof RangeError ? 'no-memory' : 'mistake';
    scope.postMessage({ reason, sentence: error instanceof Error ? error.message : String(error) });
  }
};
