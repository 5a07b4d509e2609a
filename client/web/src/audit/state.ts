/** The ledger's state as a fold of its entries: titles, shares, purses, licences, anchors, and their heads. */

import { compare, fromHex, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { hashed, topic, word } from './abi';
import type { Struct } from './deeds';
import type { Entry } from './events';
import { keccak } from './keccak';

export const WHOLE = 10_000n;
export const NOBODY = '0'.repeat(40);
const STATUSES = ['', 'clear', 'contested', 'suspended', 'void'];
const SINGLE = fromHex(topic('TransferSingle(address,address,address,uint256,uint256)'));

/** One title as its entries leave it; ids and addresses are hexadecimal digits. */
export class Title {
  head: Octets = new Uint8Array(32);
  tenure = 0;
  status = 1;
  entries = 0;
  controller: string;
  metadata: string;
  readonly shares = new Map<string, bigint>();
  readonly purses = new Map<string, { paidIn: bigint; paidOut: bigint }>();
  readonly debts = new Map<string, bigint>();
  readonly first: { readonly to: string; readonly amount: bigint }[] = [];
  readonly sales: { readonly tx: string; readonly memo: string; readonly amount: bigint; readonly payer: string }[] = [];

  constructor(
    readonly id: string,
    readonly deed: Entry,
  ) {
    this.controller = deed.hex('creator');
    this.metadata = deed.hex('metadata');
  }

  get since(): number {
    return this.deed.number('time');
  }

  get statusName(): string {
    return STATUSES[this.status]!;
  }

  /** What a holder may withdraw now. */
  claimable(holder: string, token: string): bigint {
    const earned = (this.purses.get(token)?.paidIn ?? 0n) * (this.shares.get(holder) ?? 0n);
    const owed = earned - (this.debts.get(`${token}/${holder}`) ?? 0n);
    return owed >= 0n ? owed / WHOLE : -((-owed + WHOLE - 1n) / WHOLE); // rounded down, as Python does
  }

  owe(token: string, holder: string, by: bigint): void {
    const key = `${token}/${holder}`;
    this.debts.set(key, (this.debts.get(key) ?? 0n) + by);
  }

  enter(digest: Octets): void {
    this.head = keccak(this.head, digest);
    this.entries++;
  }
}

export interface Licence {
  readonly title: string;
  readonly offer: string;
  readonly licensee: string;
  readonly start: number;
  readonly end: number;
  readonly paid: bigint;
  readonly entry: Entry;
  isRevoked: boolean;
}

export interface Anchor {
  readonly root: string;
  readonly size: number;
  readonly time: number;
  readonly head: Octets;
  readonly block: number;
}

/** Everything that the entries up to a block say. */
export class State {
  readonly titles = new Map<string, Title>();
  readonly offers = new Map<string, Struct>();
  readonly licences: Licence[] = [];
  readonly anchors = new Map<string, Anchor[]>();
  readonly cases = new Set<string>();

  /** Until when (seconds) a licensee holds licences of an offer; 0 for none or taken back. */
  heldUntil(offer: string, licensee: string): number {
    const last = this.licences.filter((one) => one.offer === offer && one.licensee === licensee).at(-1);
    return last === undefined || last.isRevoked ? 0 : last.end;
  }
}

/** The state after `entries`, of one title alone with `only`; throws `Refused` (`bad-ledger`) for a contradiction. */
export function fold(entries: readonly Entry[], only: string | null = null): State {
  const state = new State();
  for (const entry of entries) {
    if (only !== null && !entry.about.includes(only)) throw bad(entry, `found an entry of another title than 0x${only}`);
    apply(state, entry, only);
  }
  return state;
}

function bad(entry: Entry, sentence: string): Refused {
  return new Refused('bad-ledger', `${entry.where}: ${sentence}`);
}

function apply(state: State, entry: Entry, only: string | null): void {
  if (entry.isTransfer) {
    for (const { title, amount } of entry.moves) {
      if (only === null || title === only) move(titleOf(state, title, entry), entry, amount);
    }
    return;
  }
  switch (entry.name) {
    case 'Registered':
      return register(state, entry);
    case 'Anchored':
      return anchor(state, entry);
    case 'Offered':
    case 'Granted':
    case 'Withdrew':
    case 'Revoked':
    case 'Derived':
      return license(state, entry);
    case 'Noticed':
      return void state.cases.add(entry.big('case').toString());
    case 'Answered':
    case 'Pleaded':
    case 'Closed':
      if (!state.cases.has(entry.big('case').toString())) throw bad(entry, 'found a step of a dispute that was never opened');
      return;
    case 'ApprovalForAll':
    case 'URI':
    case 'Collected':
      return;
    default: {
      const title = titleOf(state, entry.hex('title'), entry);
      change(title, entry);
      title.enter(digest(entry));
    }
  }
}

function titleOf(state: State, id: string, entry: Entry): Title {
  const found = state.titles.get(id);
  if (found === undefined) throw bad(entry, `found an entry of 0x${id}, which was never registered`);
  return found;
}

/** What an entry adds to its title's head: its topics without the title, and its data. */
function digest(entry: Entry): Octets {
  return keccak(entry.log.topics[0]!, ...entry.log.topics.slice(2), entry.log.data);
}

function register(state: State, entry: Entry): void {
  const id = entry.hex('title');
  if (state.titles.has(id)) throw bad(entry, 'found a title registered twice, expected once');
  const title = new Title(id, entry);
  state.titles.set(id, title);
  title.enter(digest(entry));
}

function move(title: Title, entry: Entry, amount: bigint): void {
  const [operator, origin, to] = ['operator', 'from', 'to'].map((name) => entry.hex(name)) as [string, string, string];
  if (origin !== NOBODY) {
    const held = title.shares.get(origin) ?? 0n;
    if (held < amount) throw bad(entry, `found ${amount} shares moved, expected at most ${held}`);
    title.shares.set(origin, held - amount);
    for (const [token, purse] of title.purses) {
      title.owe(token, origin, -purse.paidIn * amount);
      title.owe(token, to, purse.paidIn * amount);
    }
  } else title.first.push({ to, amount });
  title.shares.set(to, (title.shares.get(to) ?? 0n) + amount);
  const sum = [...title.shares.values()].reduce((whole, one) => whole + one, 0n);
  if (sum > WHOLE) throw bad(entry, `found more than ${WHOLE} shares, expected at most these`);
  const words = [operator, origin, to].map((who) => word('address', fromHex(who)));
  title.enter(keccak(SINGLE, ...words, word('uint256', amount)));
}

function change(title: Title, entry: Entry): void {
  switch (entry.name) {
    case 'Amended':
      title.metadata = entry.hex('metadata');
      return;
    case 'Controlled':
      title.controller = entry.hex('to');
      title.tenure++;
      return;
    case 'Credited': {
      purseOf(title, entry.hex('token')).paidIn += entry.big('amount');
      const [memo, payer] = [entry.hex('memo'), entry.hex('payer')];
      title.sales.push({ tx: entry.log.tx, memo, amount: entry.big('amount'), payer });
      return;
    }
    case 'Withdrawn':
      return withdraw(title, entry);
    case 'StatusSet': {
      const status = entry.number('status');
      if (status < 1 || status > 4) throw bad(entry, `found the status ${status}, expected 1 to 4`);
      title.status = status;
    }
  }
}

function purseOf(title: Title, token: string): { paidIn: bigint; paidOut: bigint } {
  let purse = title.purses.get(token);
  if (purse === undefined) title.purses.set(token, (purse = { paidIn: 0n, paidOut: 0n }));
  return purse;
}

function withdraw(title: Title, entry: Entry): void {
  const [token, amount] = [entry.hex('token'), entry.big('amount')];
  const purse = purseOf(title, token);
  purse.paidOut += amount;
  if (purse.paidOut > purse.paidIn) throw bad(entry, `found ${purse.paidOut} paid out, expected at most ${purse.paidIn}`);
  if (title.status !== 4) title.owe(token, entry.hex('holder'), amount * WHOLE);
}

/** Takes back the unbroken term that was live; one that had lapsed before it began stays as it was. */
function revoke(state: State, entry: Entry): void {
  let begins: number | null = null;
  for (const one of state.licences.toReversed()) {
    if (one.offer !== entry.hex('offer') || one.licensee !== entry.hex('licensee')) continue;
    if (begins !== null && one.end + 1 !== begins) return;
    one.isRevoked = true;
    begins = one.start;
  }
}

function license(state: State, entry: Entry): void {
  switch (entry.name) {
    case 'Offered': {
      const terms = entry.terms;
      if (terms.big('title') !== BigInt('0x' + entry.hex('title')) || terms.hex('seller') !== entry.hex('seller')) {
        throw bad(entry, "found an offer of another title or seller than its entry's");
      }
      state.offers.set(entry.hex('offer'), terms);
      return;
    }
    case 'Granted': {
      const [title, offer, licensee] = ['title', 'offer', 'licensee'].map((name) => entry.hex(name)) as [string, string, string];
      const terms = state.offers.get(offer);
      if (terms === undefined || terms.big('title') !== BigInt('0x' + title)) {
        throw bad(entry, 'found a licence of an offer that was never entered');
      }
      const [start, end, paid] = [entry.number('start'), entry.number('end'), entry.big('paid')];
      state.licences.push({ title, offer, licensee, start, end, paid, entry, isRevoked: false });
      return;
    }
    case 'Revoked':
      return revoke(state, entry);
    case 'Derived':
      titleOf(state, entry.hex('child'), entry);
  }
}

function anchor(state: State, entry: Entry): void {
  const account = entry.hex('account');
  const chain = state.anchors.get(account) ?? [];
  const last = chain.at(-1);
  const [size, time, head] = [entry.number('size'), entry.number('time'), entry.octets('head')];
  const values = [last?.head ?? new Uint8Array(24), entry.octets('root'), entry.big('size'), entry.big('time')];
  const wanted = hashed(['bytes24', 'bytes32', 'uint64', 'uint40'], values).slice(0, 24);
  if (entry.big('size') <= BigInt(last?.size ?? 0) || compare(wanted, head) !== 0) {
    throw bad(entry, "found an anchor that does not follow the account's last one");
  }
  state.anchors.set(account, [...chain, { root: entry.hex('root'), size, time, head, block: entry.log.block }]);
}

/** The memo under which a licence's price is credited. */
export function grantMemo(one: Licence): string {
  const values = [fromHex(one.offer), fromHex(one.licensee), BigInt(one.start), BigInt(one.end)];
  return toHex(hashed(['bytes32', 'address', 'uint40', 'uint40'], values));
}
