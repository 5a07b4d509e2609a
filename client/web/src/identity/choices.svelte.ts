/** How the person wants to watch: choices that this browser keeps. */

import { keep, kept } from '../words/words.svelte';

/** `hideScores`: until one has rated; `thrifty`: on a metered line; `history`: remember here what was watched;
 * `tell`: tell a film's creator, by lot and unnamed, how far one came. */
export type Choice = 'hideScores' | 'thrifty' | 'history' | 'tell';

const DEFAULTS: { readonly [choice in Choice]: boolean } = { hideScores: false, thrifty: savesData(), history: true, tell: false };

const made = $state<{ [choice in Choice]: boolean }>({
  hideScores: read('hideScores'),
  thrifty: read('thrifty'),
  history: read('history'),
  tell: read('tell'),
});

function read(choice: Choice): boolean {
  const found = kept(choice);
  return found === null ? DEFAULTS[choice] : found === 'yes';
}

/** Whether the browser was told to save data. */
function savesData(): boolean {
  return typeof navigator !== 'undefined' && (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

export function chosen(choice: Choice): boolean {
  return made[choice];
}

export function choose(choice: Choice, isOn: boolean): void {
  made[choice] = isOn;
  keep(choice, isOn ? 'yes' : 'no');
}
