/** The node's pulse: its status, asked for every few seconds while the page is seen. */

import { Question } from './question.svelte';
import { node } from './node';

const EVERY_MS = 10_000;
const AWAY_MS = 3_000;

export const pulse = new Question(node.status);

/** Begins to listen; returns how to end it. */
export function listen(): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const beat = async (): Promise<void> => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') await pulse.ask();
    timer = setTimeout(beat, pulse.failure ? AWAY_MS : EVERY_MS);
  };
  const seen = (): void => void beat();
  document.addEventListener('visibilitychange', seen);
  void beat();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
