/** The curve of who stayed: from the beginning, where everybody is, to the last tenth of the film. */

import type { ScreeningShare } from '../ask/api';

/** Below this many reports numbers say more than a curve would. */
export const FEW = 20;

/** Points of an SVG of 100 by 100: the estimate, and the band between the ends of the intervals. */
export interface Curve {
  readonly line: string;
  readonly band: string;
}

/** The curve through `through`, whose first entry is the share that came through the first tenth. */
export function curveOf(through: readonly ScreeningShare[]): Curve {
  const all = [{ low: 1, share: 1, high: 1 }, ...through];
  const step = 100 / (all.length - 1);
  const points = (pick: (one: ScreeningShare) => number): string[] => all.map((one, place) => `${round(place * step)},${round(100 - 100 * pick(one))}`);
  return { line: points((one) => one.share).join(' '), band: [...points((one) => one.high), ...points((one) => one.low).reverse()].join(' ') };
}

/** In which tenth most of them left, from 1, and which share that was; null where nobody did. */
export function steepest(through: readonly ScreeningShare[]): { readonly tenth: number; readonly share: number } | null {
  const falls = through.map((one, place) => (place === 0 ? 1 : through[place - 1]!.share) - one.share);
  const most = Math.max(...falls);
  return most > 0 ? { tenth: falls.indexOf(most) + 1, share: most } : null;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
