/** What an audit proves of one title: control, shares, deed, licences, money and anchors. */

import { fromHex, toHex } from '../verify/octets';
import { Refused } from '../verify/refused';
import { hashed } from './abi';
import { saltedAddress, type ContractSet, type Shipped } from './code';
import { isSameStruct, recover, type Struct } from './deeds';
import { Inspection, moment, need } from './inspection';
import type { Ledger } from './ledger';
import type { Signed } from './parts';
import { anchorSlot, purseSlot, titleSlot, untilSlot } from './slots';
import { grantMemo, NOBODY, WHOLE, type Licence, type State, type Title } from './state';

export const MEDIA: readonly string[] = ['cinema', 'television', 'streaming', 'rental', 'download', 'disc', 'education', 'festival', 'transport', 'venue'];
const WORLD = (1n << 256n) - 1n;

/** What a title's owners signed, as far as its ledger's checks need it. */
export type SignedRights = Pick<Signed, 'deed' | 'signature' | 'offers'>;

/** Makes the checks of one title; `signed` throws where the bundle's parts could not be read, null: nothing is here. */
export class TitleAudit {
  constructor(
    private readonly inspection: Inspection,
    private readonly ledger: Ledger,
    private readonly shipped: Shipped,
    private readonly signed: (() => SignedRights) | null,
  ) {}

  private get contracts(): ContractSet {
    return need(this.ledger.genesis, "the network's genesis").contracts;
  }

  private get state(): State {
    return need(this.ledger.state, 'the replay of the log');
  }

  private get title(): Title {
    return need(this.ledger.title, "the proof of the title's record");
  }

  async titleChecks(): Promise<void> {
    await this.inspection.check("title's id", () => this.id());
    await this.inspection.check('competing claims', () => this.claims());
    await this.inspection.check('control and status', () => this.control());
    await this.inspection.check('shares', () => this.shares());
    if (this.signed !== null) await this.inspection.check('deed', () => this.deed(this.signed!()));
  }

  async moneyChecks(id: string | null): Promise<void> {
    const licences = this.ledger.state?.licences.filter((one) => one.title === id) ?? [];
    if (this.signed !== null) {
      for (const [at, licence] of licences.entries()) {
        await this.inspection.check(`licence ${at + 1}`, () => this.licence(licence, this.signed!()));
      }
    }
    await this.inspection.check('licences are complete', () => this.sales());
    await this.inspection.check('exclusivity', () => this.exclusivity());
    await this.inspection.check('payments and withdrawals', () => this.purses());
  }

  async anchorChecks(accounts: Iterable<string>): Promise<void> {
    for (const account of [...new Set(accounts)].sort()) {
      await this.inspection.check(`anchors of 0x${account}`, () => this.anchors(account));
    }
  }

  private id(): readonly [string, true] {
    const deed = this.title.deed;
    const salt = hashed(['address', 'bytes32'], [fromHex(deed.hex('creator')), deed.octets('content')]);
    const wanted = saltedAddress(this.contracts.titles, salt, this.shipped.purse);
    if (wanted !== this.title.id) throw new Refused('bad-title', `found the title 0x${this.title.id}, expected 0x${wanted}`);
    return [`0x${wanted} of the creator 0x${deed.hex('creator')}`, true];
  }

  private claims(): readonly [string, true] {
    const mine = this.title;
    let others = 0;
    for (const title of this.state.titles.values()) {
      if (title.id === mine.id) continue;
      if (title.deed.hex('content') === mine.deed.hex('content') || title.deed.hex('metadata') === mine.deed.hex('metadata')) {
        others++;
        if (title.since <= mine.since) {
          const said = `of 0x${title.deed.hex('creator')}, registered ${moment(title.since)}`;
          throw new Refused('claimed', `found the earlier title 0x${title.id} ${said}`);
        }
      }
    }
    return [others ? `${others} later titles claim the same film` : 'no other title claims this film', true];
  }

  private control(): readonly [string, true] {
    const title = this.title;
    const value = this.ledger.slot('TitleRegistry', titleSlot(title.id, 0));
    const metadata = this.ledger.slot('TitleRegistry', titleSlot(title.id, 2)).toString(16).padStart(64, '0');
    const bits = (shift: bigint, size: bigint) => (value >> shift) & ((1n << size) - 1n);
    const proven = [bits(0n, 160n).toString(16).padStart(40, '0'), bits(160n, 40n), bits(200n, 16n), bits(216n, 8n), value >> 224n, metadata];
    const found = [title.controller, BigInt(title.since), title.deed.big('royalty'), BigInt(title.status), BigInt(title.tenure), title.metadata];
    if (found.join() !== proven.join()) throw new Refused('bad-ledger', `found ${found} by replay, expected ${proven} as proven`);
    return [`controlled by 0x${title.controller}, ${title.statusName}, registered ${moment(title.since)}`, true];
  }

  private shares(): readonly [string, true] {
    const holders = [...this.title.shares].filter(([, shares]) => shares > 0n).sort();
    const sum = holders.reduce((whole, [, shares]) => whole + shares, 0n);
    if (sum !== WHOLE) throw new Refused('bad-ledger', `found shares that sum to ${sum}, expected ${WHOLE}`);
    return [holders.map(([holder, shares]) => `0x${holder} holds ${shares}`).join(', '), true];
  }

  private deed({ deed, signature }: SignedRights): readonly [string, true] {
    const title = this.title;
    const creator = toHex(recover(deed.digest('CinepeerTitles', this.contracts.chainId, fromHex(this.contracts.titles)), signature));
    if (creator !== deed.hex('creator')) {
      throw new Refused('bad-signature', `found the signature of 0x${creator}, expected 0x${deed.hex('creator')}`);
    }
    const entry = title.deed;
    const isSame =
      ['creator', 'content', 'metadata', 'fingerprint'].every((name) => deed.hex(name) === entry.hex(name)) &&
      ['codec', 'royalty'].every((name) => deed.big(name) === entry.big(name));
    if (!isSame) throw new Refused('bad-deed', 'found a signed deed that differs from what was registered, expected the same');
    const said = pairsOf(deed);
    const first = title.first.map(({ to, amount }) => `${to}=${amount}`);
    if (said.join() !== first.join()) {
      throw new Refused('bad-deed', 'found other first shares on the ledger than in the deed, expected the same');
    }
    return [`signed by 0x${creator}: ${title.first.map(({ to, amount }) => `${amount} to 0x${to}`).join(', ')}`, true];
  }

  private licence(licence: Licence, { offers }: SignedRights): readonly [string, true] {
    const offer = need(this.state.offers.get(licence.offer), 'the replay of the log');
    const digest = offer.digest('CinepeerLicences', this.contracts.chainId, fromHex(this.contracts.licences));
    if (toHex(digest) !== licence.offer) throw new Refused('bad-offer', `found terms that are not those of the offer ${licence.offer}`);
    const signed = offers.find(([one]) => isSameStruct(one, offer));
    if (signed === undefined) throw new Refused('bad-offer', `found no signature of the offer ${licence.offer}, expected the seller's`);
    const seller = toHex(recover(digest, signed[1]));
    if (seller !== offer.hex('seller')) {
      throw new Refused('bad-signature', `found the signature of 0x${seller}, expected 0x${offer.hex('seller')}`);
    }
    const proven = this.ledger.slot('Licences', untilSlot(licence.offer, licence.licensee));
    const held = this.state.heldUntil(licence.offer, licence.licensee);
    if (proven !== BigInt(held)) throw new Refused('bad-ledger', `found the licence to end ${moment(held)}, expected ${proven} as proven`);
    const territory = offer.big('territory');
    const places = territory === WORLD ? 'the world' : `${territory.toString(2).replaceAll('0', '').length} territories`;
    const media = MEDIA.filter((_, at) => (offer.big('media') >> BigInt(at)) & 1n).join(', ');
    return [
      `0x${licence.licensee} may show it in ${places} (${media}) from ${moment(licence.start)}, end: ${moment(licence.end)}; paid ` +
        `${licence.paid} in block ${licence.entry.log.block}; ${licence.isRevoked ? 'taken back; ' : ''}offer ${licence.offer} signed by 0x${seller}`,
      true,
    ];
  }

  private sales(): readonly [string, true] {
    const seller = this.contracts.licences;
    const title = this.title;
    const sold = title.sales.filter((one) => one.payer === seller).map((one) => `${one.tx}/${one.memo}/${one.amount}`);
    const licences = this.state.licences.filter((one) => one.title === title.id);
    const granted = licences.map((one) => `${one.entry.log.tx}/${grantMemo(one)}/${one.paid}`);
    const [lacking, more] = [beyond(sold, granted), beyond(granted, sold)];
    if (lacking || more) throw new Refused('bad-ledger', `found ${lacking} sales without a licence and ${more} licences without a sale`);
    return [`${granted.length} licences, as many as sales in the title's record`, true];
  }

  private exclusivity(): readonly [string, true] {
    const mine = this.state.licences.filter((one) => one.title === this.title.id);
    for (const [at, one] of mine.entries()) {
      for (const other of mine.slice(at + 1)) {
        if (this.isConflict(one, other)) {
          throw new Refused('conflict', `found that 0x${one.licensee} and 0x${other.licensee} hold what excludes both`);
        }
      }
    }
    return [`${mine.length} licences, none against another`, true];
  }

  private isConflict(one: Licence, other: Licence): boolean {
    const [first, second] = [one, other].map((held) => this.state.offers.get(held.offer)!) as [Struct, Struct];
    const isExclusive = first.get('exclusive') === true || second.get('exclusive') === true;
    const isRenewal = one.offer === other.offer && one.licensee === other.licensee;
    const isMeeting = one.start <= other.end && other.start <= one.end;
    if (one.isRevoked || other.isRevoked || isRenewal || !isExclusive || !isMeeting) return false;
    return (first.big('territory') & second.big('territory')) > 0n && (first.big('media') & second.big('media')) > 0n;
  }

  private purses(): readonly [string, true] {
    const title = this.title;
    if (title.purses.size === 0) {
      this.verifyPurse(NOBODY, 0n, 0n);
      return ['nothing was paid', true];
    }
    const parts = [...title.purses].sort(([one], [other]) => (one < other ? -1 : 1)).map(([token, purse]) => {
      this.verifyPurse(token, purse.paidIn, purse.paidOut);
      const due = [...new Set([...title.shares.keys()])].sort().map((holder) => [holder, title.claimable(holder, token)] as const);
      const owed = due.filter(([, amount]) => amount > 0n).map(([holder, amount]) => `${amount} to 0x${holder}`);
      const unit = token === NOBODY ? "of the ledger's currency" : `of 0x${token}`;
      return `${purse.paidIn} paid in and ${purse.paidOut} paid out ${unit}; due: ${owed.join(', ') || 'nothing'}`;
    });
    return [parts.join('; '), true];
  }

  private verifyPurse(token: string, paidIn: bigint, paidOut: bigint): void {
    const value = this.ledger.slot('TitleRegistry', purseSlot(this.title.id, token));
    const proven = [value & ((1n << 128n) - 1n), value >> 128n];
    if (proven[0] !== paidIn || proven[1] !== paidOut) {
      throw new Refused('bad-ledger', `found ${paidIn} and ${paidOut} paid in and out by replay, expected ${proven.join(' and ')} as proven`);
    }
  }

  private anchors(account: string): readonly [string, true] {
    const chain = this.state.anchors.get(account) ?? [];
    const last = chain.at(-1);
    const found = toHex(last?.head ?? new Uint8Array(24)) + (last?.size ?? 0).toString(16).padStart(16, '0');
    const proven = this.ledger.slot('Anchors', anchorSlot(account)).toString(16).padStart(64, '0');
    if (found !== proven) throw new Refused('bad-ledger', `found the anchors' head ${found} by replay, expected ${proven} as proven`);
    return [`${chain.length} anchors, the last over ${last?.size ?? 0} records`, true];
  }
}

function pairsOf(deed: Struct): string[] {
  const shares = deed.get('shares') as readonly bigint[];
  return (deed.get('holders') as readonly Uint8Array[]).map((holder, at) => `${toHex(holder)}=${shares[at]}`);
}

/** How many of `items` have no partner among `others`. */
function beyond(items: readonly string[], others: readonly string[]): number {
  const left = [...others];
  return items.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}
