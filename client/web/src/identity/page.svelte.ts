/** Who signs what is rated on this page: the page's own device, or, where the person or the browser wants it so, the node. */

import { Declined, node, type ListWords } from '../ask/node';
import { pulse } from '../ask/pulse.svelte';
import { keep, kept, t } from '../words/words.svelte';
import { isChild } from '../child/child.svelte';
import { Cid } from '../verify/cid';
import { decode, encode, type Fields } from '../verify/dagcbor';
import { toHex } from '../verify/octets';
import { Unavailable } from '../verify/refused';
import { Denied } from './cabinet';
import { openDrawer, type DeviceKey, type Drawer } from './drawer';
import { Ended, Feed, NotTaken, type Taker, type World } from './feed';

/**
 * `unasked`: the person has not said yet; `page`: by a key in this browser; `own`: likewise, for an author of this
 * browser's own; `node`: by the node's device, as the person chose; `denied`: by the node's device, because this browser
 * keeps no key; `ended`: the page's key counts no more; `lost`: it was here, and the browser has it no more.
 */
export type Signer = 'unasked' | 'page' | 'own' | 'node' | 'denied' | 'ended' | 'lost';

/** What became of a rating: its record, and whether the node holds it already. */
export interface Signed {
  readonly record: string;
  readonly by: 'page' | 'node';
  readonly isTaken: boolean;
}

const CHOICE = 'signer';
const OWN = 'author';
const HERE = 'signed-here';
const WAITING = 'waiting'; // no author has this id
const NONCE_BYTES = 16;

let signer = $state<Signer | null>(null);
let device = $state.raw<{ key: string; name: string } | null>(null);
let settlings = $state(0);
let own = $state(kept(OWN) ?? '');
let author = '';
let drawer: Drawer | null = null;

/** Whose word this page speaks: the author of this browser's own, or the node's. '' before the node has said. */
export function me(): string {
  return own || (isLight() ? '' : (pulse.answer?.author ?? ''));
}

/** Whose list of films this page shows: null is the node's author, who has private ratings there, '' nobody. */
export function viewer(): string | null {
  return own || (isLight() ? '' : null);
}

/** Whether the light client opened the page: then the node is somebody else's, and signs nothing for this person. */
export function isLight(): boolean {
  return document.querySelector('meta[name="client"]') !== null;
}

/** Who signs now; null before the first look. */
export function signs(): Signer | null {
  return signer;
}

/** The page's own device, where there is one: its public key in hex and its name. */
export function pageDevice(): { key: string; name: string } | null {
  return device;
}

/** How often records that were kept here went out later. */
export function settled(): number {
  return settlings;
}

const world: World = {
  nowMs: Date.now,
  nonce: () => crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
  alone: <T>(name: string, work: () => Promise<T>) => navigator.locks.request(name, work) as Promise<T>,
};

const taker: Taker = {
  async standing(key) {
    try {
      return await node.device(key);
    } catch (error) {
      if (error instanceof Declined && error.status === 404) return null;
      throw error;
    }
  },
  admit: async (key, name) => void (await node.delegate(key, name)),
  async send(records) {
    const { refused, waiting } = await node.sendRecords(encode(records.map(({ block, body }) => [block, body])));
    if (refused[0]) return refused[0].reason;
    return waiting[0] ? `found a record that waits for its ${waiting[0].for}, expected one that the node takes at once` : null;
  },
};

/** Finds out who signs; another tab may have changed it since. Throws as the node's status does. */
export async function look(): Promise<Signer> {
  own = kept(OWN) ?? '';
  author = own || (pulse.answer?.author ?? (author || (await node.status()).author));
  try {
    const found = await (await opened()).key(author);
    device = found && { key: found.device, name: found.name };
    if (found !== null) return (signer = signer === 'ended' ? 'ended' : own ? 'own' : 'page');
    if (!own && kept(CHOICE) === 'node') return (signer = 'node');
    return (signer = own || kept(HERE) === author ? 'lost' : 'unasked');
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    return (signer = 'denied');
  }
}

/** Speaks for an author from now on whose key for this page lies in the drawer; '' for the node's author again. */
export async function speakFor(mine: string): Promise<Signer> {
  keep(OWN, mine);
  keep(CHOICE, '');
  [signer, author] = ['unasked', ''];
  return look();
}

/** The drawer, once it is known that this browser can keep keys and use them; throws `Denied`. */
async function opened(): Promise<Drawer> {
  if (drawer !== null) return drawer;
  if (!navigator.locks) throw new Denied('no Web Locks');
  await newKeys();
  return (drawer = await openDrawer());
}

/** A key that signs here and that no script can read out; throws `Denied` where the browser knows no Ed25519. */
async function newKeys(): Promise<CryptoKeyPair> {
  try {
    return (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  } catch (error) {
    throw new Denied(error instanceof Error ? error.message : String(error));
  }
}

/** Makes a key in this browser, and has the node's root admit it. Throws `Denied`, or as the node does. */
export async function letPageSign(): Promise<void> {
  const place = await opened();
  await world.alone(`cinepeer/key/${author}`, async () => {
    const found = signer === 'ended' ? null : await place.key(author);
    const key = found ?? (await made());
    // Kept first: a key that was admitted and then lost would stand in the author's list for nothing.
    await place.putKey(key);
    try {
      await node.delegate(key.device, key.name);
    } catch (error) {
      if (error instanceof Declined) await place.dropKey(author);
      throw error;
    }
    device = { key: key.device, name: key.name };
    keep(HERE, author);
    signer = 'page';
  });
}

/** A fresh key of this page, which the drawer keeps until an author admits it. Throws `Denied`. */
export async function newDevice(): Promise<DeviceKey> {
  const place = await opened();
  const key = { ...(await made()), author: WAITING };
  await place.putKey(key);
  return key;
}

/** The fresh key of this page that waits for an author, made now where there is none. Throws `Denied`. */
export async function waitingDevice(): Promise<DeviceKey> {
  return (await (await opened()).key(WAITING)) ?? newDevice();
}

/** Gives the waiting key to the author that admitted it. Throws `Denied`. */
export async function giveDevice(to: string): Promise<void> {
  const place = await opened();
  const key = await place.key(WAITING);
  if (key === null) throw new Denied('the key is gone');
  await place.putKey({ ...key, author: to });
  await place.dropKey(WAITING);
}

async function made(): Promise<DeviceKey> {
  const keys = await newKeys();
  const key = toHex(new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey)));
  return { author, device: key, name: nameOf(navigator.userAgent), keys };
}

/** The page's name among the author's devices: by the browser that it is open in. */
export function nameOf(agent: string): string {
  const browser = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'].find((name) => agent.includes(`${name}/`)) ?? 'browser';
  return `page in ${{ Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser}`;
}

/** The node's own device signs from now on; the page's key is forgotten here. */
export async function letNodeSign(): Promise<void> {
  await settle();
  keep(CHOICE, 'node');
  if (own) {
    // The author of this browser's own is left as it lies: it may be spoken for again.
    await speakFor('');
    keep(CHOICE, 'node');
    await look();
    return;
  }
  keep(HERE, '');
  if (drawer !== null) await drawer.dropKey(author);
  device = null;
  if (signer !== 'denied') signer = 'node';
}

/** The stars that an author of this browser's own gave a film here last; undefined where the node's author speaks. */
export async function ownStars(film: string): Promise<number | null | undefined> {
  if (!own || device === null) return undefined;
  for (const { body } of [...(await (await opened()).records(device.key))].reverse()) {
    const ratings = (decode(body) as Fields)['ratings'];
    const given = Array.isArray(ratings) ? (ratings as [string, number | null][]).find(([one]) => one === film) : undefined;
    if (given !== undefined) return given[1];
  }
  return null;
}

/** Signs stars for a film, null withdraws; as `sign` does. */
export function rate(film: string, stars: number | null): Promise<Signed | null> {
  return sign('rating', { ratings: [[film, stars]] }, () => node.rate(film, stars));
}

/** Signs words about a film; as `sign` does. */
export function review(film: string, text: string, language: string, spoiler: boolean): Promise<Signed | null> {
  return sign('review', { film, text, language, spoiler }, () => node.review(film, text, language, spoiler));
}

/** Signs words on a record; as `sign` does. */
export function comment(on: string, text: string, language: string): Promise<Signed | null> {
  return sign('comment', { on: Cid.parse(on), text, language }, () => node.comment(on, text, language));
}

/** Reports a record to everybody; `contact` is public too. As `sign` does. */
export function report(on: string, ground: string, text: string, language: string, contact: string | null): Promise<Signed | null> {
  const said = { ground, text, language, contact };
  return sign('report', { on: Cid.parse(on), ...said }, () => node.report({ on, ...said }));
}

/** Signs words against a ruling; as `sign` does. */
export function appeal(ruling: string, text: string, language: string): Promise<Signed | null> {
  return sign('appeal', { ruling: Cid.parse(ruling), text, language }, () => node.appeal(ruling, text, language));
}

/** Follows an author or a list, or ends it; as `sign` does. */
export function follow(on: string, follows: boolean): Promise<Signed | null> {
  return sign('follow', { on: Cid.parse(on), follows }, () => node.follow(on, follows));
}

/** Signs a public list, a new one or `list` anew; as `sign` does. */
export function collect(list: string | null, said: ListWords): Promise<Signed | null> {
  return sign('collection', { list: list === null ? null : Cid.parse(list), ...said, films: [...said.films] }, () => node.collect(list, said));
}

/** Takes a record of the person's own back; as `sign` does. */
export function retract(record: string): Promise<Signed | null> {
  return sign('retraction', { records: [Cid.parse(record)], reason: '' }, () => node.retract(record));
}

/**
 * Signs a record, by the page's key or with `byNode`. Null: nobody was asked yet who signs, or the page's key has
 * ended, and nothing was signed. Throws `Declined`, `Unavailable`, `NotTaken`.
 */
async function sign(kind: string, fields: Fields, byNode: () => Promise<{ record: string }>): Promise<Signed | null> {
  if (isChild()) throw new Declined(t('child.unsigned'), 403);
  const by = await look();
  if (by === 'unasked' || by === 'ended' || by === 'lost') return null;
  if (by !== 'page' && by !== 'own') return { record: (await byNode()).record, by: 'node', isTaken: true };
  try {
    const feed = await ownFeed();
    if (feed === null) return null;
    const { id, isTaken } = await feed.sign(kind, fields);
    return { record: id, by: 'page', isTaken };
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    signer = 'ended';
    return null;
  }
}

/** Sends what is signed and not yet taken; returns whether there was any. A node that is away is asked the next time. */
export async function settle(): Promise<boolean> {
  try {
    if (!['page', 'own'].includes(await look())) return false;
    const wasOpen = (await (await ownFeed())?.settle()) ?? false;
    if (wasOpen) settlings++;
    return wasOpen;
  } catch (error) {
    if ([Unavailable, Declined, Ended, NotTaken].some((sort) => error instanceof sort)) return false;
    throw error;
  }
}

async function ownFeed(): Promise<Feed | null> {
  const place = await opened();
  const key = await place.key(author);
  // An author of one's own is fetched apart: most people are their node's.
  const to = own ? (await import('./own')).takerOf(own) : taker;
  return key && new Feed(key, place, to, world);
}
