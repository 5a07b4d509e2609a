/** Numbers and ids as people read them. Numbers are always Latin. */

/** A size in bytes, decimal: "1.3 MB". */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = bytes;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** A duration as a clock: "1:34:00", "0:20". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** An id by its last letters: the first ones are the same for all. */
export function short(id: string): string {
  return id.length > 20 ? `…${id.slice(-8)}` : id;
}

/** Shares in basis points: "70.00 %". */
export function percent(shares: number): string {
  return `${(shares / 100).toFixed(2)} %`;
}

/** A whole number with its thousands: "1,050,000". */
export function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The date of a time in ms, in words of a language. */
export function day(ms: number, tag: string): string {
  return new Date(ms).toLocaleDateString(tag === 'en' ? 'en-GB' : tag, { year: 'numeric', month: 'long', day: 'numeric' });
}

/** The middle half of sorted or unsorted stars: its lowest and highest. */
export function middleHalf(stars: readonly number[]): [number, number] {
  const sorted = [...stars].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return [at(0.25), at(0.75)];
}

/** How many gave each of 1 to 10 stars. */
export function columns(stars: readonly number[]): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const one of stars) if (one >= 1 && one <= 10) counts[one - 1]!++;
  return counts;
}

/** The lower middle one of all stars, as the node computes it; null of none. */
export function medianOf(stars: readonly number[]): number | null {
  return [...stars].sort((a, b) => a - b)[(stars.length - 1) >> 1] ?? null;
}
