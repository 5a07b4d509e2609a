/** People whose words this browser does not show. Only this browser knows. */

import { keep, kept } from '../words/words.svelte';

const KEY = 'muted';

let muted = $state.raw<readonly string[]>(read());

function read(): readonly string[] {
  try {
    const found: unknown = JSON.parse(kept(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
  } catch {
    return []; // something else was kept there: nobody is muted
  }
}

/** The authors that are muted here. */
export function mutedAuthors(): readonly string[] {
  return muted;
}

/** Mutes an author in this browser, or shows its words again. */
export function mute(author: string, isMuted: boolean): void {
  muted = isMuted ? [...new Set([...muted, author])] : muted.filter((one) => one !== author);
  keep(KEY, JSON.stringify(muted));
}
