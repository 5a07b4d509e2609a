/** Where the contracts keep what an auditor proves; slots are 64 hexadecimal digits. */

import { fromHex, toHex, type Octets } from '../verify/octets';
import { word } from './abi';
import { keccak } from './keccak';
import { NOBODY, type State } from './state';

const BASES = { titles: 5n, purses: 6n, until: 3n, anchors: 2n };

function entry(base: Octets, key: string): string {
  return toHex(keccak(fromHex(key.padStart(64, '0')), base));
}

/** The word `further` behind the first of a title: control, head, metadata. */
export function titleSlot(title: string, further: 0 | 1 | 2): string {
  const first = BigInt('0x' + entry(word('uint256', BASES.titles), title));
  return (first + BigInt(further)).toString(16).padStart(64, '0');
}

export function purseSlot(title: string, token: string): string {
  return entry(fromHex(entry(word('uint256', BASES.purses), title)), token);
}

export function untilSlot(offer: string, licensee: string): string {
  return entry(fromHex(entry(word('uint256', BASES.until), offer)), licensee);
}

export function anchorSlot(account: string): string {
  return entry(word('uint256', BASES.anchors), account);
}

/** The slots that an audit of a title asks for, by contract. */
export function wantedSlots(state: State, title: string): [string, string][] {
  const tokens = new Set([NOBODY, ...(state.titles.get(title)?.purses.keys() ?? [])]);
  const found: [string, string][] = ([0, 1, 2] as const).map((further) => ['TitleRegistry', titleSlot(title, further)]);
  for (const token of tokens) found.push(['TitleRegistry', purseSlot(title, token)]);
  for (const one of state.licences) if (one.title === title) found.push(['Licences', untilSlot(one.offer, one.licensee)]);
  return found;
}
