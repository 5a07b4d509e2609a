/** Bodies: what a record says. Known kinds are checked by a table; unknown kinds and fields are kept as they are. */

import { decode, isFields, type Fields, type Value } from './dagcbor';
import { anything, data, distinct, flag, link, listed, mapped, maybe, misfit, name, prose, recordLink, text, whole } from './forms';
import type { Form } from './forms';
import type { Octets } from './octets';
import { Refused } from './refused';

export const MAX_BODY_BYTES = 32_768;
const MAX_RATINGS = 256;
const MAX_LISTED = 256;
const NONCE_BYTES = 16;

const EXTERNAL = /^(?:imdb:tt(?:[0-9]{7}|[1-9][0-9]{7,9})|wikidata:Q[1-9][0-9]{0,11}|tmdb:[1-9][0-9]{0,9}|movielens:[1-9][0-9]{0,9})$/;
// The text of a CIDv1 with DAG-CBOR and sha2-256: 4 fixed bytes and 32 free ones, 5 bits to a letter, 2 bits left over.
const RECORD = /^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$/;

/** Whether `value` is a film id in its one canonical form. */
export function isFilmId(value: string): boolean {
  return RECORD.test(value) || EXTERNAL.test(value);
}

function isExternal(value: Value): boolean {
  return typeof value === 'string' && EXTERNAL.test(value);
}

function isFilm(value: Value): boolean {
  return typeof value === 'string' && isFilmId(value);
}

/** Two film ids, ascending: so two films make one pair, whoever names them. Ids are ASCII, so text compares as bytes. */
function isTwoFilms(value: Value): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isFilm) && String(value[0]) < String(value[1]);
}

/** Pairs of film and stars, no film twice. */
function isRatings(value: Value): boolean {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_RATINGS) return false;
  const films = new Set<string>();
  for (const pair of value) {
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    const [film, stars] = pair;
    if (typeof film !== 'string' || !isFilmId(film)) return false;
    if (stars !== null && (typeof stars !== 'number' || stars < 1 || stars > 10)) return false;
    films.add(film);
  }
  return films.size === value.length;
}

const key = data(32);
const address = data(20);
const signature = data(1, 4096);
const chained = { chain: whole(), contract: address };

const KINDS: { readonly [kind: string]: Form } = {
  inception: { needed: { root: key, next: data(32) } },
  rotation: { needed: { root: key, next: data(32), previous: mapped({ seq: whole(), head: recordLink }) } },
  delegate: { needed: { device: key, name } },
  revocation: {
    needed: { device: key, seq: whole(-1), head: maybe(recordLink), reason: prose },
    agree: (fields) => (fields['head'] === null) === (fields['seq'] === -1),
  },
  profile: { needed: { name }, optional: { account: mapped({ address, chain: whole(), signature: data(65) }) } },
  film: {
    needed: {
      name: text(1_024, 1),
      year: maybe(whole(1, 9999)),
      external: distinct(isExternal, 16),
      credits: listed(mapped({ name, role: name }), 1024),
      genres: listed(name, 64),
      synopsis: prose,
      languages: listed(name, 64),
    },
  },
  version: {
    needed: {
      film: recordLink,
      label: name,
      root: link,
      duration_ms: whole(),
      size_bytes: whole(),
      blocks: whole(),
      renditions: listed(mapped({ name, width: whole(), height: whole(), bandwidth: whole() }), 64),
      source: data(32),
    },
    optional: { fingerprint: data(0, 4096) },
  },
  rating: { needed: { ratings: isRatings } },
  review: { needed: { film: isFilm, text: text(16_384, 1), language: name, spoiler: flag } },
  comment: { needed: { on: recordLink, text: text(4_096, 1), language: name } },
  follow: { needed: { on: recordLink, follows: flag } },
  collection: {
    needed: { list: maybe(recordLink), name: text(1_024, 1), about: text(4_096), language: name, films: distinct(isFilm, MAX_LISTED) },
  },
  same: { needed: { films: isTwoFilms, same: flag } },
  retraction: { needed: { records: distinct(recordLink, 256, 1), reason: prose } },
  report: { needed: { on: recordLink, ground: text(64, 1), text: text(4_096, 1), language: name, contact: maybe(name) } },
  ruling: { needed: { on: recordLink, report: maybe(recordLink), denied: flag, reason: text(4_096, 1), language: name } },
  appeal: { needed: { ruling: recordLink, text: text(4_096, 1), language: name } },
  offer: { needed: { ...chained, terms: anything, signature } },
  title: { needed: { film: recordLink, ...chained, title: address, deed: anything, signature } },
  host: { needed: { versions: listed(link, 1024), addrs: listed(name, 64), gateway: maybe(name), custody: flag } },
  network: { needed: { number: whole(), genesis: recordLink, bootstrap: listed(name, 64), endpoints: listed(name, 64) } },
  witness: { needed: { chain: whole(), height: whole(), hash: data(32) } },
  checkpoint: { needed: { scope: recordLink, moment: whole(), records: whole(), ratings: whole(), root: recordLink } },
};

/** The fields of a body, the nonce and unknown ones among them; throws `Refused` (`not-canonical`, `bad-body`). */
export function parseBody(kind: string, block: Octets): Fields {
  if (block.length > MAX_BODY_BYTES) {
    throw new Refused('bad-body', `found ${block.length} bytes, expected at most ${MAX_BODY_BYTES}`);
  }
  const fields = decode(block);
  const nonce = isFields(fields) ? fields['nonce'] : undefined;
  if (!isFields(fields) || !(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES) {
    throw new Refused('bad-body', `found no map with a nonce, expected one of ${NONCE_BYTES} bytes`);
  }
  const form = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  const found = form === undefined ? null : misfit(form, fields);
  if (found !== null) {
    throw new Refused('bad-body', `found ${found || 'a contradiction'} in a body of kind ${kind}, expected its form`);
  }
  return fields;
}
