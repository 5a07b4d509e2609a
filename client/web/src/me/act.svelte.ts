/** What went wrong with an author's keys, in the page's language, with the next step. */

import { failureOf } from '../ask/question.svelte';
import { Denied } from '../identity/cabinet';
import { Forked, Strange } from '../identity/own';
import { NoPasskey } from '../identity/passkey';
import { BadPhrase } from '../identity/phrase';
import { Refused } from '../verify/refused';
import { t, type Word } from '../words/words.svelte';

const PHRASES: { readonly [sort in BadPhrase['sort']]: Word } = { count: 'own.bad.count', word: 'own.bad.word', sum: 'own.bad.sum' };
const FILES: { readonly [reason: string]: Word } = {
  'bad-passphrase': 'own.bad.passphrase',
  'not-a-backup': 'own.bad.file',
  'no-phrase': 'own.bad.phraseless',
  'no-memory': 'own.bad.memory',
};

/** The sentence for an error; a mistake of the page itself is thrown on. */
export function worded(error: unknown): string {
  if (error instanceof BadPhrase) return t(PHRASES[error.sort], { count: error.found });
  if (error instanceof NoPasskey) return t(error.sort === 'denied' ? 'passkey.denied' : 'passkey.unable');
  if (error instanceof Denied) return t(error.isFull ? 'keep.full' : 'keep.denied');
  if (error instanceof Strange) return t('own.strange');
  if (error instanceof Forked) return t('own.forked');
  if (error instanceof Refused && FILES[error.reason]) return t(FILES[error.reason]!);
  return failureOf(error).sentence || t('fault.away');
}

/** What a person began: whether it is under way, and what went wrong. */
export class Act {
  isBusy = $state(false);
  problem = $state('');

  /** Whether `step` came to its end. */
  async put(step: () => Promise<void>): Promise<boolean> {
    [this.isBusy, this.problem] = [true, ''];
    try {
      await step();
      return true;
    } catch (error) {
      this.problem = worded(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
