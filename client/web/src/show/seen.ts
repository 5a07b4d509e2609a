/** What each kind of public record does, and whether its author can take it back. */

import type { Word } from '../words/words.svelte';

interface Effect {
  readonly says: Word;
  /** What follows from taking it back; null where it cannot be. */
  readonly back: Word | null;
}

const EFFECTS: { readonly [kind: string]: Effect } = {
  inception: { says: 'seen.inception', back: null },
  rotation: { says: 'seen.rotation', back: null },
  delegate: { says: 'seen.delegate', back: null },
  revocation: { says: 'seen.revocation', back: null },
  profile: { says: 'seen.profile', back: 'back.profile' },
  film: { says: 'seen.film', back: 'back.film' },
  version: { says: 'seen.version', back: 'back.film' },
  rating: { says: 'seen.rating', back: 'back.rating' },
  review: { says: 'seen.review', back: 'back.words' },
  comment: { says: 'seen.comment', back: 'back.words' },
  follow: { says: 'seen.follow', back: 'back.follow' },
  collection: { says: 'seen.collection', back: 'back.collection' },
  report: { says: 'seen.report', back: 'back.words' },
  ruling: { says: 'seen.ruling', back: 'back.other' },
  appeal: { says: 'seen.appeal', back: 'back.words' },
  same: { says: 'seen.same', back: 'back.other' },
  retraction: { says: 'seen.retraction', back: null },
  offer: { says: 'seen.offer', back: 'back.offer' },
  title: { says: 'seen.title', back: 'back.title' },
  host: { says: 'seen.host', back: 'back.host' },
  network: { says: 'seen.network', back: null },
  witness: { says: 'seen.witness', back: 'back.other' },
  checkpoint: { says: 'seen.checkpoint', back: 'back.other' },
};

/** The effect of a kind of record; one that is not known here may be taken back. */
export function effectOf(kind: string): Effect {
  return EFFECTS[kind] ?? { says: 'seen.other', back: 'back.other' };
}

/** The films and words that a record is about, in a few words; "" where there is nothing to say. */
export function subjectOf(kind: string, fields: { readonly [name: string]: unknown } | null, nameOf: (film: string) => string): string {
  if (fields === null) return '';
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  switch (kind) {
    case 'rating': {
      const given = (fields['ratings'] as [string, number | null][]).map(([film, stars]) => `${nameOf(film)} ${stars ?? '–'}`);
      return given.length > 3 ? `${given.slice(0, 3).join(' · ')} · +${given.length - 3}` : given.join(' · ');
    }
    case 'same':
      return (fields['films'] as string[]).map(nameOf).join(fields['same'] === true ? ' = ' : ' ≠ ');
    case 'review':
      return nameOf(text('film'));
    case 'version':
      return `${nameOf(text('film'))} · ${text('label')}`;
    case 'comment':
    case 'report':
    case 'appeal':
      return text('text');
    case 'ruling':
      return text('reason');
    case 'follow':
      return nameOf(text('on'));
    case 'film':
    case 'profile':
    case 'collection':
    case 'delegate':
      return text('name');
    default:
      return '';
  }
}
