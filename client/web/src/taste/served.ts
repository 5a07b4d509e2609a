/** The model that a node serves: signed bytes by channel and film, read as strictly as `recommend/served.py` reads it. */

import { decode, isFields, type Fields, type Value } from '../verify/dagcbor';
import { compare, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';

const FORMAT = 'cinepeer/served-model/1';
const MAX_FILMS = 20_000;
const MAX_CHANNELS = 8;
const MAX_VALUE = 256;
const MAX_SCALE = 1 << 20;

/** Stars from which a rating is a like. */
export const LIKED = 8;

export type Kind = 'liked' | 'disliked' | 'lately';
const KINDS: ReadonlySet<string> = new Set(['liked', 'disliked', 'lately']);

/** Row k of `weights` is what film `rows[k]` says about every film; `coding` is `dense` or `sparse`. */
export interface Channel {
  readonly name: string;
  readonly kind: Kind;
  readonly values: readonly number[];
  readonly rows: readonly number[];
  readonly scales: readonly number[];
  readonly isDense: boolean;
  readonly weights: Int8Array;
  readonly offsets: readonly number[];
}

export interface Served {
  readonly films: readonly string[];
  readonly likes: readonly number[];
  readonly records: number;
  readonly channels: readonly Channel[];
}

function refused(sentence: string): Refused {
  return new Refused('bad-model', sentence);
}

/** Whether a rating of so many stars speaks through a channel. */
export function speaks(kind: Kind, stars: number): boolean {
  return kind === 'lately' || (kind === 'liked') === stars >= LIKED;
}

/** Reads a model's bytes; throws `Refused` (`bad-model`, `not-canonical`). */
export function readServed(data: Octets): Served {
  if (data.length < 4) throw refused(`found ${data.length} bytes, expected a header and weights`);
  const size = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (size > data.length - 4) throw refused(`found ${data.length} bytes, expected a header of ${size} bytes and weights`);
  const header = decode(data.subarray(4, 4 + size));
  if (!isFields(header) || header['format'] !== FORMAT) throw refused(`found another format, expected ${FORMAT}`);
  const films = listed(header, 'films').map(text);
  let at = 4 + size;
  const channels = listed(header, 'channels').map((told) => {
    if (!isFields(told)) throw refused('found a channel that is no map, expected one');
    const length = whole(told['size']);
    const made = channelOf(told, films.length, new Int8Array(data.buffer, data.byteOffset + at, Math.max(0, Math.min(length, data.length - at))));
    at += length;
    return made;
  });
  if (at !== data.length) throw refused(`found ${data.length} bytes, expected ${at}`);
  const likes = listed(header, 'likes').map(whole);
  const names = channels.map((one) => one.name);
  if (films.length > MAX_FILMS || names.length > MAX_CHANNELS) throw refused(`found ${films.length} films in ${names.length} channels, expected at most ${MAX_FILMS}`);
  if (!ascends(films) || !ascends(names)) throw refused('found films or channels out of order or twice, expected them ascending');
  if (likes.length !== films.length) throw refused(`found ${likes.length} counts, expected ${films.length}`);
  return { films, likes, records: whole(header['records']), channels };
}

/** (film number, weight) of the row at `place` for film `film`; 0 where the row does not speak of it. */
export function weightOf(channel: Channel, place: number, film: number): number {
  const start = channel.offsets[place]!;
  if (channel.isDense) return channel.weights[start + film]!;
  const wide = (channel.scales.length + 7) >> 3;
  if (!((channel.weights[start + (film >> 3)]! >> (film & 7)) & 1)) return 0;
  let before = 0;
  for (let octet = 0; octet < film >> 3; octet++) before += ones(channel.weights[start + octet]! & 255);
  before += ones(channel.weights[start + (film >> 3)]! & ((1 << (film & 7)) - 1));
  return channel.weights[start + wide + before]!;
}

/** Adds `value` times the row at `place` to `sums`, one per film. */
export function addRow(channel: Channel, place: number, value: number, sums: Int32Array): void {
  const { weights, isDense } = channel;
  const [start, films] = [channel.offsets[place]!, sums.length];
  if (isDense) {
    for (let film = 0; film < films; film++) sums[film]! += value * weights[start + film]!;
    return;
  }
  let at = start + ((films + 7) >> 3);
  for (let film = 0; film < films; film++) if ((weights[start + (film >> 3)]! >> (film & 7)) & 1) sums[film]! += value * weights[at++]!;
}

function channelOf(told: Fields, films: number, weights: Int8Array): Channel {
  const [name, coding] = [text(told['name']), text(told['coding'])];
  const [values, rows, scales] = ['values', 'rows', 'scales'].map((key) => listed(told, key).map(whole)) as [number[], number[], number[]];
  const kind = name.split('.')[0]!;
  if (!KINDS.has(kind)) throw refused(`found the channel ${name.slice(0, 40)}, expected one of ${[...KINDS].join(', ')}`);
  if (!values.length || values.some((value) => value > MAX_VALUE)) throw refused(`found other values than 0 to ${MAX_VALUE} in ${name}, expected those`);
  if (scales.length !== films || scales.some((scale) => scale > MAX_SCALE)) throw refused(`found other scales than ${films} of 0 to ${MAX_SCALE} in ${name}, expected those`);
  if (rows.some((row, place) => row >= films || (place > 0 && row <= rows[place - 1]!))) throw refused(`found rows of ${name} out of order, expected ascending film numbers`);
  if (coding !== 'dense' && coding !== 'sparse') throw refused(`found the coding ${coding.slice(0, 40)}, expected dense or sparse`);
  const offsets = begins(rows.length, films, coding === 'dense', weights);
  if (offsets.at(-1) !== weights.length || weights.length !== told['size']) throw refused(`found ${weights.length} bytes of weights in ${name}, expected ${offsets.at(-1)}`);
  return { name, kind: kind as Kind, values, rows, scales, isDense: coding === 'dense', weights, offsets };
}

/** Where each row begins, and where the last one ends. */
function begins(rows: number, films: number, isDense: boolean, weights: Int8Array): number[] {
  const wide = (films + 7) >> 3;
  const found = [0];
  for (let row = 0, at = 0; row < rows; row++) {
    if (isDense) at += films;
    else {
      let bits = 0;
      for (let octet = 0; octet < wide; octet++) bits += ones((weights[at + octet] ?? 0) & 255);
      if (films & 7 && ((weights[at + wide - 1] ?? 0) & 255) >> (films & 7)) throw refused(`found a row that speaks of more than ${films} films`);
      at += wide + bits;
    }
    found.push(at);
  }
  return found;
}

function ones(octet: number): number {
  let count = 0;
  for (let left = octet; left; left &= left - 1) count++;
  return count;
}

/** Whether texts ascend by their code points, each once. */
function ascends(texts: readonly string[]): boolean {
  const write = new TextEncoder();
  return texts.every((one, place) => place === 0 || compare(write.encode(texts[place - 1]!), write.encode(one)) < 0);
}

function listed(told: Fields, key: string): Value[] {
  const found = told[key];
  if (!Array.isArray(found)) throw refused(`found no list of ${key}, expected one`);
  return found;
}

function text(found: Value | undefined): string {
  if (typeof found !== 'string') throw refused('found another value, expected text');
  return found;
}

function whole(found: Value | undefined): number {
  if (typeof found !== 'number' || found < 0) throw refused('found another value, expected a whole number from 0');
  return found;
}
