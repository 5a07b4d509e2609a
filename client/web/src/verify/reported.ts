/** What was reported of a film and how nodes ruled, as signed records tell it. */

import type { Cid } from './cid';
import type { Fields } from './dagcbor';
import type { Record } from './record';

/** Whose record something is; `name` is what the author calls itself, where its profile came along. */
export interface ProvenSigned {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly time: number;
}

/** One author's claim that something should not be held or shown. */
export interface ProvenReport extends ProvenSigned {
  readonly on: string;
  readonly ground: string;
  readonly text: string;
  readonly language: string;
  readonly contact: string | null;
}

/** What somebody says against a ruling. */
export interface ProvenAppeal extends ProvenSigned {
  readonly text: string;
  readonly language: string;
}

/** Whether an author denies something, and why; `stands` until the same author rules anew on it. */
export interface ProvenRuling extends ProvenSigned {
  readonly on: string;
  readonly denied: boolean;
  readonly reason: string;
  readonly language: string;
  readonly stands: boolean;
  readonly appeals: readonly ProvenAppeal[];
}

/** Each newest first. */
export interface ProvenReported {
  readonly reports: readonly ProvenReport[];
  readonly rulings: readonly ProvenRuling[];
}

type Told = { readonly record: Record; readonly fields: Fields };
type Before = (one: ProvenSigned, other: ProvenSigned) => boolean;

/** The fold: `ofKind` gives records that count, `isAfter` says which of two was signed later. */
export function reportedOf(
  named: readonly string[],
  ofKind: (kind: string) => readonly Told[],
  nameOf: (author: Cid) => string | null,
  isAfter: Before,
): ProvenReported {
  const about = new Set(named);
  const text = ({ fields }: Told, field: string): string => fields[field] as string;
  const link = ({ fields }: Told, field: string): string => (fields[field] as Cid).text;
  const signed = ({ record }: Told): ProvenSigned => ({
    record: record.id.text,
    author: record.author.text,
    name: nameOf(record.author),
    time: record.header.time,
  });
  const newest = <T extends ProvenSigned>(found: T[]): T[] => found.sort((a, b) => (isAfter(a, b) ? -1 : 1));
  const appeals = ofKind('appeal').map((one) => ({ of: link(one, 'ruling'), said: { ...signed(one), text: text(one, 'text'), language: text(one, 'language') } }));
  const reports = ofKind('report')
    .filter((one) => about.has(link(one, 'on')))
    .map((one) => ({
      ...signed(one),
      on: link(one, 'on'),
      ground: text(one, 'ground'),
      text: text(one, 'text'),
      language: text(one, 'language'),
      contact: one.fields['contact'] as string | null,
    }));
  const rulings = newest(
    ofKind('ruling')
      .filter((one) => about.has(link(one, 'on')))
      .map((one) => ({
        ...signed(one),
        on: link(one, 'on'),
        denied: one.fields['denied'] as boolean,
        reason: text(one, 'reason'),
        language: text(one, 'language'),
        appeals: newest(appeals.filter(({ of }) => of === one.record.id.text).map(({ said }) => said)).reverse(),
      })),
  );
  // The first of an author on a record is its newest.
  const seen = new Set<string>();
  const standing = rulings.map((one) => {
    const place = `${one.author} ${one.on}`;
    const stands = !seen.has(place);
    seen.add(place);
    return { ...one, stands };
  });
  return { reports: newest(reports), rulings: standing };
}
