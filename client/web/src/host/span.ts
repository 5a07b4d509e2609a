/** How long something has lasted, in its largest unit and the reader's words. */

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A span of milliseconds: "4 min", "2 days". */
export function span(ms: number, tag: string): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS[3];
  const locale = tag === 'en' ? 'en-GB' : tag;
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: unit === 'day' ? 'long' : 'short' }).format(Math.floor(seconds / size));
}
