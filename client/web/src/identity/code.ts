/** What two devices show each other so that one admits the other: public keys and ids alone, and words to compare by eye. */

import { Cid } from '../verify/cid';
import { fromHex, join, sha256 } from '../verify/octets';

const DEVICE = 'cinepeer:device/1/';
const AUTHOR = 'cinepeer:author/1/';
const NAME_CHARACTERS = 60;
const SPOKEN = 4;
const WORD_BITS = 11;

/** A device that asks to be admitted: its public key in hexadecimal digits, and what it calls itself. */
export interface DeviceCode {
  readonly key: string;
  readonly name: string;
}

/** The text of a device's code. */
export function deviceCode({ key, name }: DeviceCode): string {
  return `${DEVICE}${key}/${encodeURIComponent(name.slice(0, NAME_CHARACTERS))}`;
}

/** The device in a text that was read or pasted, or null. */
export function parseDeviceCode(text: string): DeviceCode | null {
  const [key, name, ...more] = text.trim().startsWith(DEVICE) ? text.trim().slice(DEVICE.length).split('/') : [];
  if (key === undefined || name === undefined || more.length || !/^[0-9a-f]{64}$/.test(key)) return null;
  try {
    return { key, name: decodeURIComponent(name).replace(/\p{C}/gu, '').trim().slice(0, NAME_CHARACTERS) };
  } catch {
    return null; // no valid escape: nothing that we wrote
  }
}

/** The text of an author's code, by which a new device learns whose it is. */
export function authorCode(author: string): string {
  return AUTHOR + author;
}

/** The author in a text that was read or pasted, a code or the bare id, or null. */
export function parseAuthorCode(text: string): string | null {
  const id = text.trim().startsWith(AUTHOR) ? text.trim().slice(AUTHOR.length) : text.trim();
  try {
    return Cid.parse(id).text === id ? id : null;
  } catch {
    return null;
  }
}

/** Four words that stand for a device's key or an author's id: the same on both screens, or something is wrong. */
export async function spokenOf(sort: 'device' | 'author', id: string, list: readonly string[]): Promise<string> {
  const bytes = sort === 'device' ? fromHex(id) : Cid.parse(id).bytes;
  const digest = await sha256(join([new TextEncoder().encode(`cinepeer/${sort}/1\0`), bytes]));
  const bits = Array.from(digest.slice(0, 6), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return Array.from({ length: SPOKEN }, (_, place) => list[Number.parseInt(bits.slice(WORD_BITS * place, WORD_BITS * (place + 1)), 2)]!).join(' ');
}
