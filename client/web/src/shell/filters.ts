/** What a reader asks of films beside words: as typed, as the node is asked, and as the address keeps it. */

export interface Draft {
  readonly from: string;
  readonly to: string;
  readonly genre: string;
  readonly language: string;
  readonly minutes: string;
  readonly playable: boolean;
}

export type Wanted = { readonly [name: string]: string | number };

export const NOTHING: Draft = { from: '', to: '', genre: '', language: '', minutes: '', playable: false };

const [FIRST_YEAR, LAST_YEAR, MOST_MINUTES] = [1800, 9999, 100_000];

/** What the node is asked, and the fields that hold no number as it is expected there: these are left out. */
export function wantedOf(draft: Draft): { readonly query: Wanted; readonly wrong: readonly (keyof Draft)[] } {
  const query: Record<string, string | number> = {};
  const wrong: (keyof Draft)[] = [];
  const number = (field: 'from' | 'to' | 'minutes', name: string, least: number, most: number): void => {
    const text = draft[field].trim();
    if (!text) return;
    const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) query[name] = value;
    else wrong.push(field);
  };
  number('from', 'year_from', FIRST_YEAR, LAST_YEAR);
  number('to', 'year_to', FIRST_YEAR, LAST_YEAR);
  number('minutes', 'minutes', 1, MOST_MINUTES);
  if (draft.genre.trim()) query['genre'] = draft.genre.trim();
  if (draft.language.trim()) query['language'] = draft.language.trim();
  if (draft.playable) query['playable'] = 'true';
  return { query, wrong };
}

/** The filters as the query of an address, "" without any. */
export function addressOf(query: Wanted): string {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** The filters that an address names; what it says else is left alone. */
export function draftOf(search: string): Draft {
  const told = new URLSearchParams(search);
  const of = (name: string): string => (told.get(name) ?? '').slice(0, 60);
  return {
    from: of('year_from'),
    to: of('year_to'),
    genre: of('genre'),
    language: of('language'),
    minutes: of('minutes'),
    playable: told.get('playable') === 'true',
  };
}
