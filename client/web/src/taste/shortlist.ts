/** The list that a viewer sees, made again in whole numbers as `recommend/shortlist.py` makes it. */

import { bestOf, inputsOf, numbersOf, order, scoresOf, type Dials, type Ranked, type Scored, type Stars } from './ranking';
import { ruleOf, UNKNOWN, type Facts, type Rule } from './rules';
import { weightOf, type Channel, type Served } from './served';

const SPARE = 30;
const POOL = 20;
const PEAK = 127n;
const NOT_LICENSED = 'not licensed here';
const NOT_SPOKEN = 'nothing of yours speaks of it';
const MODELS: Readonly<Record<string, Dials>> = {
  taste: { liked: 100, disliked: 100 },
  next: { liked: 0, disliked: 0, lately: 100 },
  liked: { liked: 100 },
  popularity: {},
};

/** What a viewer asked of their list. */
export interface Wishes {
  readonly forgotten: readonly string[];
  readonly less: readonly string[];
  readonly hidden: readonly string[];
  readonly off: readonly string[];
  readonly rules: readonly string[];
  readonly languages: readonly string[];
  readonly diversity: number;
  readonly against_popularity: number;
  readonly model: string;
}

export interface Listed {
  readonly film: string;
  readonly score: bigint;
  readonly likes: number;
  readonly by: 'taste' | 'popularity';
}

export interface Shortlist {
  readonly films: readonly Listed[];
  readonly leftOut: ReadonlyMap<string, number>;
}

interface Candidate {
  readonly found: Ranked;
  readonly score: bigint;
  readonly facts: Facts;
}

interface Row {
  readonly channel: Channel;
  readonly place: number;
  readonly unit: bigint;
}

/** Whether there is a model of this name. */
export function isModel(name: string): boolean {
  return Object.hasOwn(MODELS, name);
}

/** The `limit` best films; throws `Refused` (`bad-receipt`) for rules that are none. */
export function shortlist(model: Served, stars: Stars, times: Stars | null, wishes: Wishes, facts: ReadonlyMap<string, Facts>, limit: number): Shortlist {
  const numbers = numbersOf(model);
  const leftOut = new Map<string, number>();
  const out = new Set([...stars.keys(), ...wishes.hidden].flatMap((film) => numbers.get(film) ?? []));
  const barred = new Set([...out, ...refused(model, out, wishes, facts, leftOut)]);
  const history = new Map([...stars].filter(([film]) => !wishes.forgotten.includes(film)));
  const dials = Object.fromEntries(Object.entries(MODELS[wishes.model]!).filter(([kind]) => !wishes.off.includes(kind)));
  const scored = scoresOf(model, inputsOf(model, numbers, history, times, dials), wishes.against_popularity);
  const candidates = allThatMatter(model, numbers, scored, barred, wishes, facts, leftOut, limit);
  const minds = { readiness: !wishes.off.includes('readiness'), disputes: !wishes.off.includes('disputes') };
  const picker = new Picker(model, numbers, wishes.diversity, minds.readiness);
  const chosen: Candidate[] = [];
  for (const isDisputed of [false, true]) {
    const group = candidates.filter((one) => (minds.disputes && one.facts.is_disputed) === isDisputed);
    chosen.push(...picker.pick(group, limit - chosen.length));
  }
  const films = chosen.map(({ found, score }): Listed => ({ film: model.films[found.number]!, score, likes: model.likes[found.number]!, by: found.isSpoken ? 'taste' : 'popularity' }));
  return { films, leftOut };
}

/** The films that rules or rights keep out, each counted by its reason. */
function refused(model: Served, out: ReadonlySet<number>, wishes: Wishes, facts: ReadonlyMap<string, Facts>, leftOut: Map<string, number>): number[] {
  const rules = wishes.rules.map((text) => ruleOf(text, wishes.languages));
  const found: number[] = [];
  const isAsked = rules.length > 0;
  const numbers = numbersOf(model);
  for (const film of isAsked ? model.films : facts.keys()) {
    const number = numbers.get(film);
    const reason = number === undefined || out.has(number) ? null : reasonOf(rules, facts.get(film) ?? UNKNOWN);
    if (number === undefined || reason === null) continue;
    leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    found.push(number);
  }
  return found;
}

function reasonOf(rules: readonly Rule[], facts: Facts): string | null {
  if (facts.is_licensed === false) return NOT_LICENSED;
  for (const rule of rules) {
    const said = rule(facts);
    if (said !== null) return said;
  }
  return null;
}

/** The candidates that the list can be made of: of those beyond the last one ranked none has a higher score than it. */
function allThatMatter(
  model: Served,
  numbers: ReadonlyMap<string, number>,
  scored: Scored,
  barred: ReadonlySet<number>,
  wishes: Wishes,
  facts: ReadonlyMap<string, Facts>,
  leftOut: Map<string, number>,
  limit: number,
): Candidate[] {
  const needed = limit * (wishes.diversity ? POOL : 1);
  const less = wishes.off.includes('less') ? [] : wishes.less.flatMap((film) => likenessTo(model, numbers, film));
  let spoken: Ranked[] | null = null;
  if (wishes.off.includes('popularity')) {
    const ranked = bestOf(model, scored, barred, model.films.length);
    spoken = ranked.filter((one) => one.isSpoken);
    if (spoken.length < ranked.length) leftOut.set(NOT_SPOKEN, ranked.length - spoken.length);
  }
  const whole = spoken?.length ?? model.films.length;
  for (let depth = Math.min(2 * needed + SPARE, whole); ; depth = Math.min(depth * 8, whole)) {
    const ranked = spoken?.slice(0, depth) ?? bestOf(model, scored, barred, depth);
    const found = ranked.map((one): Candidate => ({
      found: one,
      score: one.score - less.reduce((taken, row) => taken + takes(row, one.number), 0n),
      facts: facts.get(model.films[one.number]!) ?? UNKNOWN,
    }));
    if (depth >= whole || !ranked.length) return found;
    const last = ranked.at(-1)!.score;
    if (found.filter((one) => one.score > last && !one.facts.is_disputed).length >= needed) return found;
  }
}

/** The rows by which having liked `film` would speak. */
function likenessTo(model: Served, numbers: ReadonlyMap<string, number>, film: string): Row[] {
  const inputs = inputsOf(model, numbers, new Map([[film, 10]]), null, { liked: 100 });
  return inputs.flatMap(({ channel, dial, rows }) => rows.map(([place, value]) => ({ channel, place, unit: BigInt(dial * value) })));
}

function takes({ channel, place, unit }: Row, number: number): bigint {
  const weight = weightOf(channel, place, number);
  return weight > 0 ? unit * BigInt(weight * channel.scales[number]!) : 0n;
}

/** Chooses film by film: what is like one that was chosen costs it a share of the best score (MMR). */
class Picker {
  private readonly chosen: number[] = [];
  private readonly near = new Map<number, number>();

  constructor(
    private readonly model: Served,
    private readonly numbers: ReadonlyMap<string, number>,
    private readonly diversity: number,
    private readonly mindsReadiness: boolean,
  ) {}

  pick(group: readonly Candidate[], limit: number): Candidate[] {
    const sorted = [...group].sort((one, other) => this.order(one, other, 0n, 0n));
    if (!this.diversity) return sorted.slice(0, Math.max(limit, 0));
    const pool = sorted.slice(0, Math.max(limit, 0) * POOL);
    const top = pool.reduce((most, one) => (one.score > most ? one.score : most), pool[0]?.score ?? 0n);
    for (const number of this.chosen) this.take(number, pool);
    const found: Candidate[] = [];
    for (let count = Math.min(limit, pool.length); count > 0; count--) {
      let best = 0;
      let least = this.cost(pool[0]!, top);
      for (let place = 1; place < pool.length; place++) {
        const cost = this.cost(pool[place]!, top);
        if (this.order(pool[place]!, pool[best]!, cost, least) < 0) [best, least] = [place, cost];
      }
      const [one] = pool.splice(best, 1) as [Candidate];
      found.push({ ...one, score: one.score - least });
      this.chosen.push(one.found.number);
      this.take(one.found.number, pool);
    }
    return found;
  }

  private order(one: Candidate, other: Candidate, cost: bigint, otherCost: bigint): number {
    const waits = (it: Candidate): number => (this.mindsReadiness && !it.facts.is_ready ? 1 : 0);
    const { likes } = this.model;
    return (
      order(other.score - otherCost, one.score - cost) ||
      waits(one) - waits(other) ||
      likes[other.found.number]! - likes[one.found.number]! ||
      one.found.number - other.found.number
    );
  }

  private cost(one: Candidate, top: bigint): bigint {
    const weight = this.near.get(one.found.number) ?? 0;
    return top > 0n ? (BigInt(this.diversity) * top * BigInt(weight)) / (100n * PEAK) : 0n;
  }

  private take(number: number, pool: readonly Candidate[]): void {
    for (const { channel, place } of likenessTo(this.model, this.numbers, this.model.films[number]!)) {
      for (const { found } of pool) {
        const weight = weightOf(channel, place, found.number);
        if (weight > (this.near.get(found.number) ?? 0)) this.near.set(found.number, weight);
      }
    }
  }
}
