/** Whom the person follows, and what those did since the news were last looked at. The latter only this browser knows. */

import { node } from '../ask/node';
import { Question } from '../ask/question.svelte';
import { keep, kept } from '../words/words.svelte';
import { mutedAuthors } from './muted.svelte';

const KEY = 'news';
const EVERY_MS = 60_000;

export const follows = new Question(node.follows);
export const news = new Question(node.news);

let seenTo = $state(Number(kept(KEY)) || 0);

/** Asks for both anew. */
export async function askNews(): Promise<void> {
  await Promise.all([follows.ask(), news.ask()]);
}

/** Asks now and then while the page is seen; returns how to end it. */
export function listenNews(): () => void {
  const look = (): void => void (document.visibilityState === 'visible' && askNews());
  // A screen that needs them has asked already: its answer is waited for.
  if (!follows.isAnswered && follows.since === 0) look();
  const timer = setInterval(look, EVERY_MS);
  return () => clearInterval(timer);
}

/** Whether an author or a list is followed; null before the node has said. */
export function isFollowed(on: string): boolean | null {
  return follows.answer === null ? null : follows.answer.some((one) => one.on === on);
}

/** The news of those who are not muted here, the newest first. */
export function shownNews(): NonNullable<typeof news.answer> {
  return (news.answer ?? []).filter((one) => !mutedAuthors().includes(one.author));
}

/** Up to when (ms) the news were looked at. */
export function seenUpTo(): number {
  return seenTo;
}

/** How many pieces of news came since they were looked at. */
export function unread(): number {
  return shownNews().filter((one) => one.time_ms > seenTo).length;
}

/** Notes that all news of now were looked at. */
export function markSeen(): void {
  seenTo = Math.max(seenTo, ...shownNews().map((one) => one.time_ms));
  keep(KEY, String(seenTo));
}
