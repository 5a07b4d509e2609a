/** A film's storyboard and chapters: WebVTT of its version's folder, read block by block like everything of a film. */

import { prove } from '../ask/prover';

const MAX_BYTES = 4 << 20;
const MAX_CUES = 5_000;
const TIMES = /^(?:(\d{1,3}):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d{1,3}):)?(\d\d):(\d\d)\.(\d{3})$/;
const PART = /^(storyboard\/\d{1,5}\.jpg)#xywh=(\d{1,5}),(\d{1,5}),(\d{1,4}),(\d{1,4})$/;

export interface Cue {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A small picture of a moment: its place on a sheet. */
export interface Part {
  readonly sheet: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Chapter {
  readonly start: number;
  readonly title: string;
}

/** The cues of a WebVTT text, times in seconds; what is of another form is left out. */
export function cuesOf(text: string): Cue[] {
  const found: Cue[] = [];
  for (const block of text.replaceAll('\r\n', '\n').split('\n\n')) {
    const lines = block.split('\n').filter((line) => line !== '');
    const times = TIMES.exec(lines[0] ?? '');
    if (times === null || lines[1] === undefined || found.length >= MAX_CUES) continue;
    const [hours, minutes, seconds, part, ...rest] = times.slice(1).map((one) => Number(one ?? 0)) as [number, number, number, number];
    const [endHours, endMinutes, endSeconds, endPart] = rest as unknown as [number, number, number, number];
    const start = hours * 3600 + minutes * 60 + seconds + part / 1000;
    found.push({ start, end: endHours * 3600 + endMinutes * 60 + endSeconds + endPart / 1000, text: lines[1] });
  }
  return found;
}

/** The chapters among cues, in order. */
export function chaptersOf(cues: readonly Cue[]): Chapter[] {
  const plain = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return cues.map((cue) => ({ start: cue.start, title: plain(cue.text) })).sort((a, b) => a.start - b.start);
}

/** The last of `chapters` that has begun at a moment. */
export function chapterAt(chapters: readonly Chapter[], seconds: number): Chapter | null {
  return chapters.findLast((one) => one.start <= seconds) ?? null;
}

/** The picture of a moment, or null. */
export function partAt(cues: readonly Cue[], seconds: number): Part | null {
  const cue = cues.findLast((one) => one.start <= seconds);
  const found = cue === undefined ? null : PART.exec(cue.text);
  if (found === null) return null;
  const [x, y, width, height] = found.slice(2).map(Number) as [number, number, number, number];
  return { sheet: found[1] as string, x, y, width, height };
}

/** What a version's folder has for its seek bar; sheets are asked for when one of their pictures is to be shown. */
export class Board {
  private readonly sheets = new Map<string, Promise<string | null>>();
  private isGone = false;

  private constructor(
    private readonly root: string,
    readonly pictures: readonly Cue[],
    readonly chapters: readonly Chapter[],
  ) {}

  static async read(root: string): Promise<Board> {
    const [pictures, chapters] = await Promise.all([textOf(root, 'storyboard.vtt'), textOf(root, 'chapters.vtt')]);
    return new Board(root, cuesOf(pictures), chaptersOf(cuesOf(chapters)));
  }

  /** The address of a sheet, or null where it does not come or does not hold. */
  sheet(name: string): Promise<string | null> {
    const known = this.sheets.get(name);
    if (known !== undefined) return known;
    const reading = prove('file', { root: this.root, path: name, maxBytes: MAX_BYTES }).then(
      (data) => (this.isGone ? null : URL.createObjectURL(new Blob([data], { type: 'image/jpeg' }))),
      () => null,
    );
    this.sheets.set(name, reading);
    return reading;
  }

  /** Lets go of the sheets. */
  destroy(): void {
    this.isGone = true;
    for (const reading of this.sheets.values()) void reading.then((address) => address !== null && URL.revokeObjectURL(address));
  }
}

/** A text of a version's folder; empty where it has none: films from before have neither. */
async function textOf(root: string, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await prove('file', { root, path, maxBytes: MAX_BYTES }));
  } catch {
    return '';
  }
}
