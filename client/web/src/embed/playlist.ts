/** The few lines of an HLS playlist that playing a version from its beginning to its end needs, read strictly. */

import { Refused } from '../verify/refused';

/** One quality: its playlist, bits a second, codecs, and the group of its sound. */
export interface Rung {
  readonly path: string;
  readonly bandwidth: number;
  readonly codecs: readonly string[];
  readonly sound: string | null;
}

/** A version's master playlist: qualities, the least first, and the playlist of each group of sound. */
export interface Master {
  readonly rungs: readonly Rung[];
  readonly sounds: ReadonlyMap<string, string>;
}

/** One piece of a track: its file, when it begins and how long it lasts, in seconds. */
export interface Piece {
  readonly path: string;
  readonly begin: number;
  readonly length: number;
}

/** One track: the file that begins it, and its pieces in order. `isSealed`: a licence's key opens it. */
export interface Track {
  readonly begin: string;
  readonly pieces: readonly Piece[];
  readonly isSealed: boolean;
}

const SOUND = /^(?:mp4a|opus|ac-3|ec-3|fLaC)/;

/** Reads a master playlist; throws `Refused` (`bad-playlist`). */
export function readMaster(text: string): Master {
  const lines = linesOf(text);
  const sounds = new Map<string, string>();
  const rungs: Rung[] = [];
  for (const [place, line] of lines.entries()) {
    const [tag, ...rest] = line.split(':');
    const told = attributesOf(rest.join(':'));
    const group = told.get('GROUP-ID');
    if (tag === '#EXT-X-MEDIA' && told.get('TYPE') === 'AUDIO' && group !== undefined && !sounds.has(group)) {
      const path = told.get('URI');
      if (path !== undefined) sounds.set(group, pathOf('', path));
    }
    if (tag !== '#EXT-X-STREAM-INF') continue;
    const bandwidth = Number(told.get('BANDWIDTH'));
    const path = lines[place + 1];
    if (!Number.isInteger(bandwidth) || bandwidth <= 0 || path === undefined || path.startsWith('#')) throw bad('a quality without bits or file');
    const codecs = (told.get('CODECS') ?? '').split(',').map((one) => one.trim()).filter(Boolean);
    rungs.push({ path: pathOf('', path), bandwidth, codecs, sound: told.get('AUDIO') ?? null });
  }
  if (!rungs.length) throw bad('no quality');
  return { rungs: rungs.sort((a, b) => a.bandwidth - b.bandwidth), sounds };
}

/** Reads a track's playlist, which lies at `at`; throws `Refused` (`bad-playlist`). */
export function readTrack(text: string, at: string): Track {
  const folder = at.includes('/') ? at.slice(0, at.lastIndexOf('/') + 1) : '';
  let begin: string | null = null;
  let length = 0;
  let end = 0;
  const pieces: Piece[] = [];
  const lines = linesOf(text);
  for (const line of lines) {
    if (line.startsWith('#EXT-X-MAP:')) {
      const path = attributesOf(line.slice('#EXT-X-MAP:'.length)).get('URI');
      if (path === undefined || begin !== null) throw bad('a track that begins twice, or nowhere');
      begin = pathOf(folder, path);
    } else if (line.startsWith('#EXTINF:')) {
      length = Number.parseFloat(line.slice('#EXTINF:'.length));
      if (!(length > 0)) throw bad('a piece without a length');
    } else if (!line.startsWith('#')) {
      if (length === 0) throw bad('a file without a length');
      pieces.push({ path: pathOf(folder, line), begin: end, length });
      end += length;
      length = 0;
    }
  }
  if (begin === null || !pieces.length || !lines.includes('#EXT-X-ENDLIST')) throw bad('a track without begin, pieces or end');
  return { begin, pieces, isSealed: lines.some((line) => line.startsWith('#EXT-X-KEY:') && !line.includes('METHOD=NONE')) };
}

/** What kind of bytes a track's are, for a browser; null where the codecs name none of that kind. */
export function typeOf(codecs: readonly string[], isSound: boolean): string | null {
  const named = codecs.filter((one) => SOUND.test(one) === isSound);
  return named.length ? `${isSound ? 'audio' : 'video'}/mp4; codecs="${named.join(',')}"` : null;
}

/** The place of the piece that is on at `seconds`; the last one beyond the end. */
export function pieceAt(track: Track, seconds: number): number {
  const found = track.pieces.findIndex((one) => seconds < one.begin + one.length);
  return found < 0 ? track.pieces.length - 1 : found;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  if (lines[0] !== '#EXTM3U') throw bad('no playlist');
  return lines;
}

function attributesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g)].map((found) => [found[1]!, found[2] ?? found[3]!]));
}

/** A file of the version; whatever leads out of it is refused. */
function pathOf(folder: string, path: string): string {
  const parts = path.split('/');
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) throw bad(`the address “${path.slice(0, 80)}”`);
  return folder + decodeURIComponent(path);
}

function bad(found: string): Refused {
  return new Refused('bad-playlist', `found ${found} in a playlist, expected one of a whole film`);
}
