/** Records that were checked one by one (signature, chain, body), and the films that they tell of. */

import { admitPair, readPairs, type Admitted } from './admission';
import { Cid } from './cid';
import { sealedOf, type Sealed } from './cipher';
import type { Fields, Value } from './dagcbor';
import { Feeds } from './feeds';
import { compare, toHex, type Octets } from './octets';
import { plain } from './plain';
import type { Record } from './record';
import { Refused } from './refused';
import { rankOf, sortOf } from './sort';
import { reportedOf, type ProvenReported } from './reported';
import { translationsOf, type Translation } from './translations';

/** One cut of a film, from its signed record; `root` is the folder of its files. */
export interface ProvenVersion {
  readonly id: string;
  readonly label: string;
  /** film, cut, dub or trailer. */
  readonly sort: string;
  readonly root: string;
  readonly time: number;
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly renditions: readonly { name: string; width: number; height: number; bandwidth: number }[];
  /** Null for a version that is open; else who keeps its key, and the sentence of a seal that is not known here. */
  readonly sealed: { readonly custodians: readonly string[]; readonly problem: string | null } | null;
}

/** A film as its author signed it, its versions as they are to be played: whole ones first, newest first; `checked` is how many records stand behind it. */
export interface ProvenFilm {
  readonly id: string;
  readonly author: string;
  readonly time: number;
  readonly name: string;
  readonly year: number | null;
  readonly synopsis: string;
  readonly genres: readonly string[];
  readonly languages: readonly string[];
  readonly translations: readonly Translation[];
  /** What its record warns of; null where it says nothing of its content. */
  readonly warnings: readonly string[] | null;
  readonly external: readonly string[];
  /** The films that it is made from, as its author says. */
  readonly madeFrom: readonly string[];
  readonly credits: readonly { name: string; role: string }[];
  readonly versions: readonly ProvenVersion[];
  readonly checked: number;
}

/** What one author gave a film last, from the signed record of this id. */
export interface ProvenStars {
  readonly record: string;
  readonly author: string;
  readonly stars: number;
  readonly time: number;
}

/** Words of one author; `name` is what it calls itself, where its profile came along. */
export interface ProvenWords {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly text: string;
  readonly language: string;
  readonly time: number;
}

/** One author's standing review of a film, the stars it gave, and what others say to it, oldest first. */
export interface ProvenReview extends ProvenWords {
  readonly stars: number | null;
  readonly spoiler: boolean;
  readonly comments: readonly ProvenWords[];
}

/** A public list as its author said last; `id` is its first record, `record` the one that holds. */
export interface ProvenCollection {
  readonly id: string;
  readonly record: string;
  readonly author: string;
  readonly authorName: string | null;
  readonly time: number;
  readonly name: string;
  readonly about: string;
  readonly language: string;
  readonly films: readonly string[];
}

/** One public record of an author; `standing`: it counts, its author took it back, or its device is cut off before it. */
export interface ProvenSaid {
  readonly record: string;
  readonly kind: string;
  readonly time: number;
  readonly device: string;
  readonly standing: 'counts' | 'withdrawn' | 'cut';
  readonly fields: { readonly [name: string]: unknown } | null;
}

export class Shelf {
  private readonly feeds = new Feeds();
  private readonly held = new Map<string, Admitted>();
  private readonly retractions: Admitted[] = [];

  /** `nowMs` is the reader's own time: records far ahead of it do not count. */
  constructor(private readonly nowMs: () => number) {}

  /** Takes a node's list of [record, body] pairs; throws `Refused` at the first that does not hold. */
  async admit(data: Octets): Promise<void> {
    for (const pair of readPairs(data)) {
      const held = await admitPair(this.feeds, pair, this.nowMs(), (record, hasBody) => {
        const known = this.held.get(record.id.text);
        return known === undefined || (known.fields === null && hasBody);
      });
      if (held === null) continue;
      this.held.set(held.record.id.text, held);
      if (held.record.header.kind === 'retraction') this.retractions.push(held);
    }
  }

  /** The film of this id with its versions, or null where no record that counts tells of it. */
  film(id: string): ProvenFilm | null {
    const found = this.told(id);
    if (found === null || found.record.header.kind !== 'film') return null;
    const { record, fields } = found;
    return {
      id,
      author: record.author.text,
      time: record.header.time,
      name: fields['name'] as string,
      year: fields['year'] as number | null,
      synopsis: fields['synopsis'] as string,
      genres: fields['genres'] as string[],
      languages: fields['languages'] as string[],
      translations: translationsOf(fields['translations']),
      warnings: warningsOf(fields['warnings']),
      external: fields['external'] as string[],
      madeFrom: linksOf(fields['made_from']),
      credits: (fields['credits'] as Fields[]).map((one) => ({ name: one['name'] as string, role: one['role'] as string })),
      versions: this.versions(record),
      checked: this.countOf(record.author),
    };
  }

  /** The seal of a version, from its record that counts; null for an open one. Throws `Refused`. */
  sealOf(version: string): Sealed | null {
    const found = this.told(version);
    if (found === null || found.record.header.kind !== 'version') throw new Refused('unknown-version', 'found no record of that version, expected one');
    return sealedOf(found.fields);
  }

  /** What authors gave a film, newest first: of each the newest word that counts, unless it withdrew. */
  ratings(film: string): ProvenStars[] {
    const newest = new Map<string, { id: string; time: number; stars: number | null }>();
    for (const [id, { record, fields }] of this.held) {
      if (record.header.kind !== 'rating' || fields === null) continue;
      const given = (fields['ratings'] as [string, number | null][]).find(([one]) => one === film);
      if (given === undefined || this.told(id) === null) continue;
      const { time } = record.header;
      const before = newest.get(record.author.text);
      if (before !== undefined && (before.time > time || (before.time === time && isBehind(id, before.id)))) continue;
      newest.set(record.author.text, { id, time, stars: given[1] });
    }
    return [...newest]
      .flatMap(([author, { id, time, stars }]) => (stars === null ? [] : [{ record: id, author, stars, time }]))
      .sort((a, b) => b.time - a.time || (isBehind(a.record, b.record) ? 1 : -1));
  }

  /** What authors wrote about a film, newest first: of each the newest review that counts. */
  reviews(film: string): ProvenReview[] {
    const newest = new Map<string, ProvenWords & { readonly spoiler: boolean }>();
    for (const { record, fields } of this.ofKind('review')) {
      const said = { ...this.words(record, fields), spoiler: fields['spoiler'] as boolean };
      if (fields['film'] === film && isAfter(said, newest.get(said.author))) newest.set(said.author, said);
    }
    const stars = new Map(this.ratings(film).map((one) => [one.author, one.stars]));
    return [...newest.values()]
      .sort((a, b) => (isAfter(a, b) ? -1 : 1))
      .map((said) => ({ ...said, stars: stars.get(said.author) ?? null, comments: this.comments(said.record) }));
  }

  /** What was reported of the records `named`, and how nodes ruled on them. */
  reported(named: readonly string[]): ProvenReported {
    return reportedOf(named, (kind) => this.ofKind(kind), (author) => this.nameOf(author), isAfter);
  }

  /** The list that began with this record, as its author said last. */
  collection(id: string): ProvenCollection | null {
    const first = this.told(id);
    if (first === null || first.record.header.kind !== 'collection' || first.fields['list'] !== null) return null;
    let newest = first;
    for (const one of this.ofKind('collection')) {
      if (!one.record.author.equals(first.record.author) || (one.fields['list'] as Cid | null)?.text !== id) continue;
      if (isAfter(placeOf(one.record), placeOf(newest.record))) newest = one;
    }
    const { record, fields } = newest;
    const [name, about, language] = [fields['name'] as string, fields['about'] as string, fields['language'] as string];
    const who = { author: record.author.text, authorName: this.nameOf(record.author) };
    return { id, ...placeOf(record), ...who, name, about, language, films: fields['films'] as string[] };
  }

  /** The last `count` records of an author that came with their bodies, newest first, also those that count no more. */
  said(author: string, count: number): ProvenSaid[] {
    const found: ProvenSaid[] = [];
    for (const [id, { record, fields }] of this.held) {
      if (record.author.text !== author || fields === null) continue;
      const { kind, device } = record.header;
      const standing = this.told(id) !== null ? 'counts' : this.feeds.counts(record) ? 'withdrawn' : 'cut';
      const shown = plain(fields) as { [name: string]: unknown };
      found.push({ ...placeOf(record), kind, device: toHex(device), standing, fields: shown });
    }
    return found.sort((a, b) => (isAfter(a, b) ? -1 : 1)).slice(0, count);
  }

  private comments(on: string): ProvenWords[] {
    return this.ofKind('comment')
      .filter(({ fields }) => (fields['on'] as Cid).text === on)
      .map(({ record, fields }) => this.words(record, fields))
      .sort((a, b) => (isAfter(a, b) ? 1 : -1));
  }

  private words({ id, author, header }: Record, fields: Fields): ProvenWords {
    const [text, language] = [fields['text'] as string, fields['language'] as string];
    return { record: id.text, author: author.text, name: this.nameOf(author), text, language, time: header.time };
  }

  /** What an author calls itself: its newest profile here. */
  private nameOf(author: Cid): string | null {
    let found: { record: string; time: number; name: string } | undefined;
    for (const { record, fields } of this.ofKind('profile')) {
      const said = { record: record.id.text, time: record.header.time, name: fields['name'] as string };
      if (record.author.equals(author) && isAfter(said, found)) found = said;
    }
    return found?.name || null;
  }

  /** All records of a kind that count and have their bodies. */
  private ofKind(kind: string): { record: Record; fields: Fields }[] {
    return [...this.held].flatMap(([id, held]) => (held.record.header.kind === kind ? (this.told(id) ?? []) : []));
  }

  private versions(film: Record): ProvenVersion[] {
    const found: ProvenVersion[] = [];
    for (const id of this.held.keys()) {
      const told = this.told(id);
      if (told === null || told.record.header.kind !== 'version') continue;
      if (film.id.equals(told.fields['film'] as Cid) && told.record.author.equals(film.author)) found.push(version(told));
    }
    return found.sort((a, b) => rankOf(a.sort) - rankOf(b.sort) || b.time - a.time || (a.id < b.id ? 1 : -1));
  }

  private countOf(author: Cid): number {
    let count = 0;
    for (const { record } of this.held.values()) if (record.author.equals(author)) count++;
    return count;
  }

  /** A record that counts, has its body, and was not taken back by its author. */
  private told(id: string): { record: Record; fields: Fields } | null {
    const found = this.held.get(id);
    if (found === undefined || found.fields === null || !this.feeds.counts(found.record)) return null;
    for (const { record, fields } of this.retractions) {
      if (fields === null || !record.author.equals(found.record.author)) continue;
      if (this.feeds.counts(record) && (fields['records'] as Cid[]).some((one) => one.text === id)) return null;
    }
    return { record: found.record, fields: found.fields };
  }
}

/** Odd values say nothing. */
function warningsOf(found: Value | undefined): string[] | null {
  return Array.isArray(found) && found.every((one) => typeof one === 'string') ? found : null;
}

/** The records that a field names, where it is a list of links; a field of another form says nothing. */
function linksOf(value: Value | undefined): string[] {
  return Array.isArray(value) && value.every((one) => one instanceof Cid) ? value.map((one) => one.text) : [];
}

function placeOf({ id, header }: Record): { readonly record: string; readonly time: number } {
  return { record: id.text, time: header.time };
}

/** Whether `one` was said after `other`, or `other` was not said at all. */
function isAfter(one: { readonly record: string; readonly time: number }, other: { readonly record: string; readonly time: number } | undefined): boolean {
  return other === undefined || one.time > other.time || (one.time === other.time && isBehind(other.record, one.record));
}

/** Whether one id comes before another as bytes do, which is how words of one time are told apart. */
function isBehind(id: string, other: string): boolean {
  return compare(Cid.parse(id).bytes, Cid.parse(other).bytes) < 0;
}

function version({ record, fields }: { record: Record; fields: Fields }): ProvenVersion {
  return {
    id: record.id.text,
    label: fields['label'] as string,
    sort: sortOf(fields),
    root: (fields['root'] as Cid).text,
    time: record.header.time,
    durationMs: fields['duration_ms'] as number,
    sizeBytes: fields['size_bytes'] as number,
    blocks: fields['blocks'] as number,
    renditions: (fields['renditions'] as Fields[]).map((one) => ({
      name: one['name'] as string,
      width: one['width'] as number,
      height: one['height'] as number,
      bandwidth: one['bandwidth'] as number,
    })),
    sealed: seal(fields),
  };
}

function seal(fields: Fields): ProvenVersion['sealed'] {
  try {
    const sealed = sealedOf(fields);
    return sealed && { custodians: sealed.custodians, problem: null };
  } catch (error) {
    return { custodians: [], problem: error instanceof Error ? error.message : String(error) };
  }
}
