/** What a report of a screening tells: by lot, half of the time another part of the film than the one that was reached. */

/** Films are told in tenths: 0 says that not even the first was watched through. */
export const PARTS = 10;

// The largest multiple of ten that one byte holds: above it a byte would favour some parts.
const EVEN = 250;

/** The part to tell for `reached`: itself half of the time, otherwise one of the ten others, all alike. `chance` gives bytes. */
export function tell(reached: number, chance: () => number): number {
  if (chance() < 128) return reached;
  let byte = chance();
  while (byte >= EVEN) byte = chance();
  const other = byte % PARTS;
  return other < reached ? other : other + 1;
}

/** Which part of a film somebody has come to who is at `at` of `whole` seconds; what follows nearly the end are its credits. */
export function partOf(at: number, whole: number): number {
  if (!(whole > 0) || !(at > 0)) return 0;
  return at >= 0.95 * whole ? PARTS : Math.min(PARTS - 1, Math.floor((PARTS * at) / whole));
}
