/** Times the browser's own ranking: a list of 20 among very many films, in the engine that Chromium has as well. */

import { shortlist } from '../../client/web/src/taste/shortlist';
import type { Channel } from '../../client/web/src/taste/served';

const [FILMS, ROWS, RATED, ROUNDS] = [20_000, 2_000, 72, 60];
let state = 7;

function chance(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state % below;
}

function channel(kind: 'liked' | 'disliked'): Channel {
  const rows = Array.from({ length: ROWS }, (_, place) => (place * FILMS) / ROWS);
  const weights = Int8Array.from({ length: ROWS * FILMS }, () => chance(255) - 127);
  const scales = Array.from({ length: FILMS }, () => chance(1 << 20));
  return { name: kind, kind, values: [64], rows, scales, isDense: true, weights, offsets: Array.from({ length: ROWS + 1 }, (_, place) => place * FILMS) };
}

const films = Array.from({ length: FILMS }, (_, film) => `movielens:${100_000 + film}`);
const model = { films, likes: films.map(() => chance(3_000)), records: 1, channels: [channel('disliked'), channel('liked')] };
const wishes = { forgotten: [], less: [], hidden: [], off: [], rules: [], languages: [], diversity: 0, against_popularity: 0, model: 'taste' };
const took: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const stars = new Map(Array.from({ length: RATED }, () => [films[(chance(ROWS) * FILMS) / ROWS]!, 1 + chance(10)] as const));
  const before = process.cpuUsage();
  shortlist(model, stars, null, wishes, new Map(), 20);
  took.push(process.cpuUsage(before).user / 1000);
}
took.sort((one, other) => one - other);
console.log(JSON.stringify({ 'browser.list_ms_p50': took[ROUNDS >> 1], 'browser.list_ms_p95': took[Math.floor(0.95 * ROUNDS)] }));
