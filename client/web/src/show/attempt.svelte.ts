/** What a person began and the node answers later: whether it is under way, and what went wrong. */

import { failureOf } from '../ask/question.svelte';
import { t } from '../words/words.svelte';

/** What went wrong, in a sentence; a mistake of the page itself is thrown on. */
export function sentenceOf(error: unknown): string {
  return failureOf(error).sentence || t('fault.away');
}

export class Attempt {
  isBusy = $state(false);
  problem = $state('');

  /** What `step` gives, or null where it failed and `problem` says why. */
  async put<T>(step: () => Promise<T>): Promise<T | null> {
    [this.isBusy, this.problem] = [true, ''];
    try {
      return await step();
    } catch (error) {
      this.problem = sentenceOf(error);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
