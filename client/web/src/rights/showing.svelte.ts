/** Where the viewer says to be, and whether a film may be shown there, by the entry of the ledger that decides. */

import type { Showing } from '../ask/api';
import { call, node } from '../ask/node';
import { Question } from '../ask/question.svelte';
import { forget, keep, kept } from '../words/words.svelte';

const KEY = 'territory';
const MARK = '#screener=';

class Place {
  /** The viewer's own declaration, two letters; empty: not told. */
  code = $state(kept(KEY) ?? '');

  /** Takes the node's setting where this browser has none of its own. */
  async learn(): Promise<void> {
    if (this.code || kept(KEY) !== null) return;
    try {
      this.code = (await node.wishes()).territory;
    } catch {
      // another node's page or a node without lists: then it is not told
    }
  }

  /** Says another place, to this browser and to the node's lists as far as it takes that. */
  async say(code: string): Promise<void> {
    this.code = code;
    if (code) keep(KEY, code);
    else forget(KEY);
    try {
      await node.wish({ territory: code });
    } catch {
      // the lists of a node that is not one's own stay as they are
    }
  }
}

export const place = new Place();

/** The screener link under which this page was opened, or null. */
export function screenerOf(hash: string): string | null {
  const text = hash.startsWith(MARK) ? hash.slice(MARK.length) : '';
  return /^[\w-]{20,900}$/.test(text) ? text : null;
}

/** Whether a film may be shown to this viewer now; asked anew when the place changes. */
export function showingOf(film: () => string): Question<Showing> {
  return new Question(async () => {
    await place.learn();
    const screener = screenerOf(location.hash);
    const query = { territory: place.code, medium: 'streaming', own: 'true', ...(screener === null ? {} : { screener }) };
    return call('GET /api/films/{film}/showing', { path: { film: film() }, query });
  });
}
