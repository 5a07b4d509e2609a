/** May this film be shown: by territory, medium and time, from the state of a ledger that was checked here. */

import { CODES } from '../rights/places';
import type { Licence, State } from './state';
import { MEDIA } from './title';

/** What is asked: an empty territory was not told; without a `licensee` (address) the question is a viewer's. */
export interface Asked {
  readonly title: string;
  readonly territory: string;
  readonly medium: string;
  readonly time: number;
  readonly licensee: string | null;
}

/** The same answer as the node's: by a code with its facts, and the entry that decides. */
export interface Answered {
  readonly allowed: boolean;
  readonly code: string;
  readonly facts: { readonly [name: string]: string | number };
  readonly entry: { readonly block: number; readonly log: number } | null;
}

const WORLD = (1n << 256n) - 1n;

/** Whether the film of a title may be shown; null for a territory or medium that is none. */
export function canShow(state: State, { title, territory, medium, time, licensee }: Asked): Answered | null {
  const [where, how] = [territory ? bitOf(CODES, territory) : WORLD, medium === 'remix' ? 1n << 31n : bitOf(MEDIA, medium)];
  if (where === null || how === null) return null;
  const found = state.titles.get(plain(title));
  if (found === undefined) return answer(false, 'unregistered', null, { title: `0x${plain(title)}` });
  if (found.statusName === 'suspended' || found.statusName === 'void') return answer(false, found.statusName);
  const covering = state.licences.filter((one) => isLive(one, found.id, time) && covers(state, one, where, how));
  if (licensee !== null) {
    const own = covering.find((one) => one.licensee === plain(licensee));
    if (own !== undefined) return answer(true, 'licensed', own, { end: own.end, paid: String(own.paid) });
    return plain(licensee) === found.controller
      ? answer(true, 'controller')
      : answer(false, 'unlicensed', null, { account: `0x${plain(licensee)}` });
  }
  const against = covering.find((one) => isExclusive(state, one));
  if (against === undefined) return answer(true, 'open', null, { medium, territory });
  const holder = `0x${against.licensee}`;
  if (territory) return answer(false, 'exclusive', against, { holder, medium, territory });
  return answer(false, 'exclusive-somewhere', against, { holder, medium, territories: codesOf(territoryOf(state, against)) });
}

function answer(allowed: boolean, code: string, licence: Licence | null = null, facts: Answered['facts'] = {}): Answered {
  const entry = licence === null ? null : { block: licence.entry.log.block, log: licence.entry.log.index };
  return { allowed, code, facts, entry };
}

function isLive(licence: Licence, title: string, time: number): boolean {
  return licence.title === title && !licence.isRevoked && licence.start <= time && time <= licence.end;
}

function covers(state: State, licence: Licence, territory: bigint, medium: bigint): boolean {
  return (territoryOf(state, licence) & territory) > 0n && (state.offers.get(licence.offer)!.big('media') & medium) > 0n;
}

function territoryOf(state: State, licence: Licence): bigint {
  return state.offers.get(licence.offer)!.big('territory');
}

function isExclusive(state: State, licence: Licence): boolean {
  return state.offers.get(licence.offer)!.get('exclusive') === true;
}

/** The codes of a map with commas between, none for the world. */
function codesOf(map: bigint): string {
  return map === WORLD ? '' : CODES.filter((_, at) => (map >> BigInt(at)) & 1n).join(', ');
}

function bitOf(names: readonly string[], name: string): bigint | null {
  const at = names.indexOf(name);
  return at < 0 ? null : 1n << BigInt(at);
}

function plain(hex: string): string {
  return hex.replace(/^0x/, '').toLowerCase();
}
