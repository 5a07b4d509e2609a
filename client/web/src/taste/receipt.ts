/** A list's receipt: read, and every check of it made in this browser, as `recommend/replay.py` makes them. */

import { Cid, RAW } from '../verify/cid';
import { decode, encode, isFields, type Fields, type Value } from '../verify/dagcbor';
import { verifySignature } from '../verify/ed25519';
import { isSame, join, sha256, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import type { Line } from '../audit/inspection';
import type { Facts } from './rules';
import { readServed } from './served';
import { isModel, shortlist, type Wishes } from './shortlist';

const utf8 = (text: string): Octets => new TextEncoder().encode(text);
const MAGIC = utf8('cinepeer/receipt/1\n');
const OPENING = utf8('cinepeer/receipt-opening/1\n');
const DOMAIN = utf8('cinepeer/receipt/1\0');
const SIGNATURE_BYTES = 64;
const MAX_LIMIT = 1_000;
const FACTS = ['block', 'genres', 'is_disputed', 'is_licensed', 'is_ready', 'is_seen', 'languages', 'minutes', 'year'];

/** One rating of the history, and what it is committed to by. */
interface Entry {
  readonly film: string;
  readonly stars: number;
  readonly time: number | null;
  readonly leaf: Octets;
}

/** A receipt as it was read: nothing of it is checked. */
export interface Receipt {
  readonly author: string;
  readonly device: Octets;
  readonly model: Cid;
  readonly leaves: readonly Octets[];
  readonly history: readonly Entry[] | null;
  readonly wishes: Wishes;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly limit: number;
  readonly films: readonly (readonly [film: string, score: bigint, likes: number, by: string])[];
  readonly leftOut: ReadonlyMap<string, number>;
  readonly header: Octets;
  readonly signature: Octets;
  readonly modelBytes: Octets;
}

function refused(found: string, expected: string): Refused {
  return new Refused('bad-receipt', `found ${found}, expected ${expected}`);
}

/** Whether these bytes begin like a receipt. */
export function isReceipt(data: Uint8Array): boolean {
  return isSame(data.subarray(0, MAGIC.length), MAGIC);
}

/** Reads a receipt's form; throws `Refused` (`bad-receipt`, `not-canonical`). */
export async function readReceipt(data: Octets): Promise<Receipt> {
  const at = MAGIC.length + 4;
  if (!isReceipt(data) || data.length < at) throw refused('other bytes', 'a receipt');
  const size = new DataView(data.buffer, data.byteOffset).getUint32(MAGIC.length);
  if (data.length < at + size + SIGNATURE_BYTES) throw refused(`${data.length} bytes`, `a header of ${size} bytes, a signature and a model: it is cut or changed`);
  const header = data.slice(at, at + size);
  const told = map(decode(header), 'a header');
  const limit = whole(told['limit']);
  if (limit > MAX_LIMIT) throw refused(`a list of ${limit} films`, `at most ${MAX_LIMIT}`);
  return {
    author: told['author'] === null ? '' : link(told['author']).text,
    device: octets(told['device'], 32),
    model: link(told['model']),
    leaves: list(told['leaves']).map((leaf) => octets(leaf, 32)),
    history: told['history'] === null ? null : await entries(told['history']),
    wishes: wishesOf(map(told['wishes'], 'wishes')),
    facts: new Map(Object.entries(map(told['facts'], 'facts')).map(([film, said]) => [film, factsOf(said)])),
    limit,
    films: list(told['films']).map((one) => {
      const [film, score, likes, by] = list(one);
      return [text(film), integer(score), whole(likes), text(by)] as const;
    }),
    leftOut: new Map(Object.entries(map(told['left_out'], 'what was left out')).map(([why, count]) => [why, whole(count)])),
    header,
    signature: data.slice(at + size, at + size + SIGNATURE_BYTES),
    modelBytes: data.slice(at + size + SIGNATURE_BYTES),
  };
}

/** Reads what opens a sealed history; throws `Refused` (`bad-receipt`). */
export async function readOpening(data: Octets): Promise<readonly Entry[]> {
  if (!isSame(data.subarray(0, OPENING.length), OPENING)) throw refused('other bytes', "the opening of a receipt's history");
  return entries(decode(data.slice(OPENING.length)));
}

/** Every check that the receipt's own bytes allow, in order; `opening` opens a commitment. */
export async function replay(receipt: Receipt, opening: readonly Entry[] | null = null, onLine: (line: Line) => void = () => undefined): Promise<Line[]> {
  const lines: Line[] = [];
  const check = async (name: string, run: () => Promise<string> | string): Promise<boolean> => {
    let line: Line;
    try {
      line = { check: name, isHeld: true, found: await run() };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      line = { check: name, isHeld: false, found: error.message };
    }
    lines.push(line);
    onLine(line);
    return line.isHeld;
  };
  const history = receipt.history ?? opening;
  await check('signature', async () => {
    await verifySignature(receipt.device, join([DOMAIN, receipt.header]), receipt.signature);
    return `signed by the device ${toHex(receipt.device).slice(0, 16)}…${receipt.author && ` of the author ${receipt.author}`}`;
  });
  const isModelled = await check('model', () => modelled(receipt));
  const isCommitted = await check('history', () => committed(receipt, history));
  await check('list', () => {
    if (!isModelled || !isCommitted || history === null) throw new Refused('not-checked', 'could not be checked, because the model or the history did not hold');
    return relisted(receipt, history);
  });
  return lines;
}

async function modelled({ model, modelBytes }: Receipt): Promise<string> {
  const found = await Cid.of(modelBytes, RAW);
  if (!found.equals(model)) throw new Refused('bad-model', `found the model ${found.text}, expected ${model.text} as the receipt says`);
  const { films, records } = readServed(modelBytes);
  return `${model.text}: ${films.length} films, fitted on ${records} ratings`;
}

function committed({ leaves }: Receipt, history: readonly Entry[] | null): string {
  if (history === null) throw new Refused('not-checked', 'could not be checked: found a commitment alone, expected its opening beside it');
  if (history.length !== leaves.length) throw refused(`${history.length} ratings`, `${leaves.length}`);
  for (const [place, { film, stars, leaf }] of history.entries()) {
    if (!isSame(leaf, leaves[place]!)) throw refused(`another rating of ${film.slice(0, 80)} (${stars} stars) than was committed to`, `the ${leaves.length} ratings`);
  }
  if (new Set(history.map(({ film }) => film)).size !== history.length) throw refused('a film twice', 'each once');
  return `${history.length} ratings, each as it was committed to`;
}

function relisted(receipt: Receipt, history: readonly Entry[]): string {
  const stars = new Map(history.map(({ film, stars }) => [film, stars]));
  const times = new Map(history.flatMap(({ film, time }) => (time === null ? [] : [[film, time] as const])));
  const made = shortlist(readServed(receipt.modelBytes), stars, times.size === stars.size ? times : null, receipt.wishes, receipt.facts, receipt.limit);
  for (const [place, mine] of made.films.entries()) {
    const theirs = receipt.films[place];
    if (theirs === undefined) break;
    const [film, score, likes, by] = theirs;
    if (film !== mine.film || score !== mine.score || likes !== mine.likes || by !== mine.by) {
      throw refused(`${mine.film} with the score ${mine.score} in place ${place + 1}`, `${film.slice(0, 80)} with the score ${score}`);
    }
  }
  const isSameOut = made.leftOut.size === receipt.leftOut.size && [...made.leftOut].every(([why, count]) => receipt.leftOut.get(why) === count);
  if (made.films.length !== receipt.films.length || !isSameOut) throw refused(`${made.films.length} films`, `the ${receipt.films.length} films of the receipt, and as many left out`);
  return `the same ${made.films.length} films with the same scores`;
}

async function entries(told: Value | undefined): Promise<Entry[]> {
  return Promise.all(
    list(told).map(async (one) => {
      const [salt, film, stars, time, record] = list(one);
      const given = whole(stars);
      if (given < 1 || given > 10) throw refused(`${given} stars`, '1 to 10');
      if (record !== null) link(record);
      octets(salt, 16);
      const when = time === null ? null : Number(integer(time));
      return { film: text(film), stars: given, time: when, leaf: await sha256(encode(one)) };
    }),
  );
}

function wishesOf(told: Fields): Wishes {
  const texts = (key: string): string[] => list(told[key]).map(text);
  const made = {
    forgotten: texts('forgotten'),
    less: [...texts('less')].sort(),
    hidden: texts('hidden'),
    off: texts('off'),
    rules: texts('rules'),
    languages: texts('languages'),
    diversity: whole(told['diversity']),
    against_popularity: whole(told['against_popularity']),
    model: text(told['model']),
  };
  if (made.diversity > 100 || made.against_popularity > 1_000 || !isModel(made.model)) throw refused('wishes that cannot be', 'those of a list');
  return made;
}

function factsOf(told: Value): Facts {
  const said = map(told, 'facts of a film');
  if (Object.keys(said).sort().join() !== FACTS.join()) throw refused('other facts', FACTS.join(', '));
  const words = (key: string): string[] | null => (said[key] === null ? null : list(said[key]).map(text));
  const number = (key: string): number | null => (said[key] === null ? null : Number(integer(said[key])));
  return {
    minutes: number('minutes'),
    year: number('year'),
    languages: words('languages'),
    genres: words('genres'),
    is_seen: flag(said['is_seen']),
    is_ready: flag(said['is_ready']),
    is_licensed: said['is_licensed'] === null ? null : flag(said['is_licensed']),
    is_disputed: flag(said['is_disputed']),
  };
}

function map(told: Value | undefined, what: string): Fields {
  if (!isFields(told)) throw refused(`no map for ${what}`, 'one');
  return told;
}

function list(told: Value | undefined): Value[] {
  if (!Array.isArray(told)) throw refused('another value', 'a list');
  return told;
}

function text(told: Value | undefined): string {
  if (typeof told !== 'string') throw refused('another value', 'text');
  return told;
}

function integer(told: Value | undefined): bigint {
  if (typeof told !== 'number' && typeof told !== 'bigint') throw refused('another value', 'a whole number');
  return BigInt(told);
}

function whole(told: Value | undefined): number {
  if (typeof told !== 'number' || told < 0) throw refused('another value', 'a whole number from 0');
  return told;
}

function flag(told: Value | undefined): boolean {
  if (typeof told !== 'boolean') throw refused('another value', 'yes or no');
  return told;
}

function link(told: Value | undefined): Cid {
  if (!(told instanceof Cid)) throw refused('another value', 'a CID');
  return told;
}

function octets(told: Value | undefined, size: number): Octets {
  if (!(told instanceof Uint8Array) || told.length !== size) throw refused('another value', `${size} bytes`);
  return told;
}
