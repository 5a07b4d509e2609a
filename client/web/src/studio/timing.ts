/** Captions as lines with times: read from SRT or WebVTT, shifted, stretched, and written as WebVTT. The node reads them again, strictly. */

/** Some words from one moment to another, in milliseconds. */
export interface Line {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/** Lines that one file holds at most. */
export const MAX_LINES = 20_000;
const LEAST_MS = 1;
const MOMENT = /^(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)(?:[.,](\d{1,3}))?$/;

/** A time such as 1:02:03.400 or 2:03 in milliseconds, or null. */
export function momentMs(text: string): number | null {
  const found = MOMENT.exec(text.trim());
  if (found === null) return null;
  const [, hours = '0', minutes, seconds, part = ''] = found;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(part.padEnd(3, '0') || '0');
}

/** A time as WebVTT writes it: 01:02:03.400. */
export function moment(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

/** The lines of SRT or WebVTT, in the order of their times; what is neither is left out, and so are styles and notes. */
export function parseLines(text: string): Line[] {
  const rows = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const found: Line[] = [];
  for (let at = 0; at < rows.length && found.length < MAX_LINES; at++) {
    const [begin, rest] = rows[at]!.split('-->', 2);
    const startMs = momentMs(begin ?? '');
    const endMs = momentMs((rest ?? '').trim().split(/\s/, 1)[0]!);
    if (startMs === null || endMs === null) continue;
    const words: string[] = [];
    while (at + 1 < rows.length && rows[at + 1]!.trim()) words.push(rows[++at]!.trim());
    if (words.length) found.push({ startMs, endMs, text: words.join('\n') });
  }
  return found.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

/** All lines later by so many milliseconds, or earlier; nothing begins before the film. */
export function shifted(lines: readonly Line[], byMs: number): Line[] {
  return lines.map((line) => moved(line, (ms) => ms + byMs));
}

/** All lines drawn out so that the first one begins at `firstMs` and the last one at `lastMs`, which has to be later. */
export function stretched(lines: readonly Line[], firstMs: number, lastMs: number): Line[] {
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined || last.startMs <= first.startMs) return [...lines];
  const scale = (lastMs - firstMs) / (last.startMs - first.startMs);
  return lines.map((line) => moved(line, (ms) => firstMs + (ms - first.startMs) * scale));
}

function moved(line: Line, to: (ms: number) => number): Line {
  const startMs = Math.max(0, Math.round(to(line.startMs)));
  return { ...line, startMs, endMs: Math.max(startMs + LEAST_MS, Math.round(to(line.endMs))) };
}

/** What keeps a line from being shown: it ends before it begins, or says nothing; null for a sound one. */
export function wrongWith(line: Line): 'end' | 'words' | null {
  return line.endMs <= line.startMs ? 'end' : line.text.trim() ? null : 'words';
}

/** The place of the line that is said at a moment, or -1. */
export function lineAt(lines: readonly Line[], ms: number): number {
  return lines.findLastIndex((line) => line.startMs <= ms && ms < line.endMs);
}

/** The lines as WebVTT: an arrow or an empty row in the words would begin another line. */
export function written(lines: readonly Line[]): string {
  const words = (text: string): string =>
    text
      .split('\n')
      .map((row) => row.replaceAll('-->', '→').trim())
      .filter(Boolean)
      .join('\n');
  return `WEBVTT\n${lines.map((line) => `\n${moment(line.startMs)} --> ${moment(line.endMs)}\n${words(line.text)}\n`).join('')}`;
}
