/** Scores in whole numbers, as `recommend/ranking.py` sums them: the same model and history, the same list, anywhere. */

import { addRow, speaks, weightOf, type Channel, type Served } from './served';

/** One film of a list. */
export interface Ranked {
  readonly number: number;
  readonly score: bigint;
  readonly isSpoken: boolean;
}

/** A channel that speaks, its dial (per cent), and the history as (place of the row, value). */
export interface Input {
  readonly channel: Channel;
  readonly dial: number;
  readonly rows: readonly (readonly [place: number, value: number])[];
}

export type Dials = Readonly<Record<string, number>>;
export type Stars = ReadonlyMap<string, number>;

const numbered = new WeakMap<Served, ReadonlyMap<string, number>>();
const placed = new WeakMap<Channel, ReadonlyMap<number, number>>();

/** Film numbers by id. */
export function numbersOf(model: Served): ReadonlyMap<string, number> {
  const known = numbered.get(model);
  if (known) return known;
  const found = new Map(model.films.map((film, number) => [film, number]));
  numbered.set(model, found);
  return found;
}

/** The places of a channel's rows by film number. */
function placesOf(channel: Channel): ReadonlyMap<number, number> {
  const known = placed.get(channel);
  if (known) return known;
  const found = new Map(channel.rows.map((number, place) => [number, place]));
  placed.set(channel, found);
  return found;
}

/** How a history speaks; `times` (ms by film) is null unless it has all of them. */
export function inputsOf(model: Served, numbers: ReadonlyMap<string, number>, stars: Stars, times: Stars | null, dials: Dials): Input[] {
  const ages = agesOf(stars, times);
  const found: Input[] = [];
  for (const channel of model.channels) {
    const dial = dials[channel.name] ?? dials[channel.kind] ?? 0;
    if (!dial || (ages === null && channel.values.length > 1)) continue;
    const places = placesOf(channel);
    const rows: [number, number][] = [];
    for (const [film, given] of stars) {
      const number = numbers.get(film);
      const place = number === undefined ? undefined : places.get(number);
      if (place === undefined || !speaks(channel.kind, given)) continue;
      const value = channel.values[Math.min(ages?.get(film) ?? 0, channel.values.length - 1)]!;
      if (value) rows.push([place, value]);
    }
    found.push({ channel, dial, rows });
  }
  return found;
}

/** What a history comes to for every film. */
export interface Scored {
  /** The scores as floats: off by less than `margin`. */
  readonly rough: Float64Array;
  readonly margin: number;
  readonly isSpoken: (film: number) => boolean;
  readonly exact: (film: number) => bigint;
}

/** The score of every film: floats at once, and whole numbers for the few that come near a list. */
export function scoresOf(model: Served, inputs: readonly Input[], againstPopularity: number): Scored {
  const films = model.films.length;
  const rough = new Float64Array(films);
  const summed = inputs.map(({ channel, dial, rows }) => {
    const sums = new Int32Array(films);
    for (const [place, value] of rows) addRow(channel, place, value, sums);
    for (let film = 0; film < films; film++) rough[film]! += dial * (sums[film]! * channel.scales[film]!);
    return { sums, dial, scales: channel.scales };
  });
  const step = popularityStep(model, againstPopularity);
  const cost = Number(step);
  if (step) for (let film = 0; film < films; film++) rough[film]! -= cost * digits(model.likes[film]!);
  let most = 0;
  for (let film = 0; film < films; film++) most = Math.max(most, Math.abs(rough[film]!));
  return {
    rough,
    margin: (most + cost * 64 + 2 ** 61) * 2 ** -48, // each of at most 8 channels is below 2^61
    isSpoken: (film) => summed.some(({ sums }) => sums[film] !== 0),
    exact: (film) => {
      let found = step ? -step * BigInt(digits(model.likes[film]!)) : 0n;
      for (const { sums, dial, scales } of summed) found += BigInt(dial) * BigInt(sums[film]! * scales[film]!); // below 2^51
      return found;
    },
  };
}

/** The `limit` best of the films that are not barred, best first; ties by likes, then by film number. */
export function bestOf(model: Served, scored: Scored, barred: ReadonlySet<number>, limit: number): Ranked[] {
  const { rough, margin } = scored;
  const open = rough.slice();
  for (const film of barred) open[film] = -Infinity;
  const edge = open.length > limit && limit > 0 ? open.slice().sort()[open.length - limit]! - 2 * margin : -Infinity;
  const kept: Ranked[] = [];
  for (let film = 0; limit > 0 && film < open.length; film++) {
    if (open[film]! >= edge && open[film] !== -Infinity) kept.push({ number: film, score: scored.exact(film), isSpoken: scored.isSpoken(film) });
  }
  kept.sort((one, other) => order(other.score, one.score) || model.likes[other.number]! - model.likes[one.number]! || one.number - other.number);
  return kept.slice(0, limit);
}

/** What every further binary digit of a film's likes costs it. */
export function popularityStep(model: Served, againstPopularity: number): bigint {
  const liked = model.channels.find((channel) => channel.kind === 'liked');
  if (liked === undefined || !againstPopularity) return 0n;
  const scales = [...liked.scales].sort((one, other) => one - other);
  return (BigInt(againstPopularity) * BigInt(liked.values[0]!) * BigInt(scales[scales.length >> 1]!) * 127n) / 8n;
}

/** The score of one film opened: what each own rating adds through each channel, whole numbers that sum to it. */
export function partsOf(model: Served, inputs: readonly Input[], number: number): { readonly channel: string; readonly film: string; readonly adds: bigint }[] {
  const found = [];
  for (const { channel, dial, rows } of inputs) {
    for (const [place, value] of rows) {
      const adds = BigInt(dial) * BigInt(value * weightOf(channel, place, number) * channel.scales[number]!);
      if (adds) found.push({ channel: channel.name, film: model.films[channel.rows[place]!]!, adds });
    }
  }
  return found;
}

export function order(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function digits(likes: number): number {
  return likes ? likes.toString(2).length : 0;
}

/** How many films were rated after each; ties by film id. */
function agesOf(stars: Stars, times: Stars | null): ReadonlyMap<string, number> | null {
  if (times === null || [...stars.keys()].some((film) => !times.has(film))) return null;
  const films = [...stars.keys()].sort((one, other) => times.get(other)! - times.get(one)! || (one < other ? 1 : -1));
  return new Map(films.map((film, age) => [film, age]));
}
