/** Authors that this browser made or brought here: how one begins, what its roots do, and how its devices reach nodes. */

import { Declined, node } from '../ask/node';
import { fetchAuthorRecords } from '../verify/fetching';
import { decode, encode, type Fields, type Value } from '../verify/dagcbor';
import { fromHex, type Octets } from '../verify/octets';
import { Unavailable } from '../verify/refused';
import { openDrawer, type DeviceKey, type Kept } from './drawer';
import { NotTaken, type Taker } from './feed';
import { Keychain } from './keychain';
import { beginAuthor, inceptionOf, rotate, signByRoot, type RootPlace } from './root';
import { keepAuthor, keptAuthor } from './vault';
import type { Written } from './writing';

const PAGE = 200;
const MOST = 2_000; // records of one author that are looked through for the last of each device
const AT_ONCE = 1_000;
const CHECKED_MS = 600_000;
const NONCE_BYTES = 16;

/** The node knows nothing of the author, and nobody said that no other device has its words. */
export class Strange extends Error {}

/** The root has signed two records in one place: the next root has to follow it first. */
export class Forked extends Error {}

/** 32 bytes of chance, for a new phrase. */
export function newEntropy(): Octets {
  return crypto.getRandomValues(new Uint8Array(32));
}

function nonce(): Octets {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/** The id of the author that follows from a phrase. */
export async function authorOf(entropy: Octets): Promise<string> {
  return (await inceptionOf(entropy)).record.id.text;
}

/** Who may sign for an author: what is kept here and what the node holds. `isHeld`: the node knew it. Throws as the node does. */
export async function keychainOf(author: string): Promise<{ readonly keys: Keychain; readonly isHeld: boolean }> {
  const keys = new Keychain(author, Date.now);
  const kept = await keptAuthor(author);
  if (kept !== null) await keys.admit(kept.chain);
  let isHeld = true;
  try {
    for (let offset = 0; offset < MOST; offset += PAGE) {
      const list = await fetchAuthorRecords(author, offset, PAGE, AbortSignal.timeout(30_000));
      await keys.admit(list);
      if ((decode(list) as Value[]).length < PAGE) break;
    }
  } catch (error) {
    if (!(error instanceof Unavailable && error.status === 404)) throw error;
    isHeld = false;
  }
  return { keys, isHeld };
}

/** Begins an author with this device. What the node cannot take now goes with the first record. */
export async function begin(entropy: Octets, file: Octets, device: DeviceKey): Promise<string> {
  const made = await beginAuthor(entropy, fromHex(device.device), device.name, Date.now(), nonce);
  const chain = encode(made.records.map(({ block, body }) => [block, body]));
  await keepAuthor({ author: made.author, chain, file, passkeys: [] });
  await (await openDrawer()).putKey({ ...device, author: made.author });
  await offer(chain);
  return made.author;
}

/**
 * Brings an author here by its phrase, as another device of it. Throws `Strange` where the node holds nothing of it,
 * unless `isAlone`: a person's word that these words signed nowhere else.
 */
export async function bring(entropy: Octets, file: Octets, device: DeviceKey, isAlone: boolean): Promise<string> {
  const author = await authorOf(entropy);
  const { keys } = await keychainOf(author);
  if ((keys.speaking()?.last.seq ?? 0) === 0) {
    if (!isAlone) throw new Strange(author);
    return begin(entropy, file, device);
  }
  await keepAuthor({ author, chain: keys.chain, file, passkeys: (await keptAuthor(author))?.passkeys ?? [] });
  await admit(author, entropy, device.device, device.name);
  await (await openDrawer()).putKey({ ...device, author });
  return author;
}

/** Has the root admit a device; one that is admitted stays so. Throws as `actAsRoot` does. */
export async function admit(author: string, entropy: Octets, device: string, name: string): Promise<void> {
  const { keys } = await keychainOf(author);
  if (keys.devices().some((one) => one.key === device && one.state === 'admitted')) return;
  await actAsRoot(author, entropy, 'delegate', { device: fromHex(device), name });
}

/** Signs by the root that speaks, keeps the record, and gives it to the node. Throws `Forked`, `NotTaken`, or as the node does. */
export function actAsRoot(author: string, entropy: Octets, kind: string, fields: Fields): Promise<void> {
  return asRoot(author, async (keys) => {
    const speaking = keys.speaking()!;
    if (speaking.forkedAt !== null) throw new Forked(author);
    const { seq, id, time } = speaking.last;
    const place: RootPlace = { author, root: speaking.number, seq: seq + 1, prev: id, time: Math.max(Date.now(), time) };
    return signByRoot(entropy, place, kind, fields, nonce());
  });
}

/** Has the next root follow the one that speaks: for an author whose root has forked. Throws as `actAsRoot` does. */
export function follow(author: string, entropy: Octets): Promise<void> {
  return asRoot(author, async (keys) => {
    const { number, last } = keys.speaking()!;
    const place: RootPlace = { author, root: number + 1, seq: 0, prev: null, time: Math.max(Date.now(), last.time) };
    return rotate(entropy, place, last, nonce());
  });
}

/** One tab at a time; the record is kept before it is sent, so that no root ever signs twice in one place. */
async function asRoot(author: string, sign: (keys: Keychain) => Promise<Written>): Promise<void> {
  await navigator.locks.request(`cinepeer/roots/${author}`, async () => {
    const [{ keys }, kept] = [await keychainOf(author), await keptAuthor(author)];
    const { block, body } = await sign(keys);
    await keys.admit(encode([[block, body]]));
    await keepAuthor({ author, chain: keys.chain, file: kept?.file ?? null, passkeys: kept?.passkeys ?? [] });
    await give(keys.chain);
  });
}

/** Gives the node a list of records; throws `NotTaken`, or as the node does. */
async function give(list: Octets): Promise<void> {
  const { refused, waiting } = await node.sendRecords(list);
  if (refused[0]) throw new NotTaken(refused[0].reason);
  if (waiting[0]) throw new NotTaken(`found a record that waits for its ${waiting[0].for}, expected one that the node takes at once`);
}

async function offer(list: Octets): Promise<void> {
  try {
    await give(list);
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Declined)) throw error;
  }
}

const checked = new Map<string, { readonly atMs: number; readonly isOver: boolean }>();

/** How the feed of an own author's device reaches the node: which may be a stranger, and is introduced to the author. */
export function takerOf(author: string): Taker {
  const records = async (device: string): Promise<readonly Kept[]> => (await openDrawer()).records(device);
  return {
    async standing(device) {
      const last = (await records(device)).at(-1);
      if (await isOver(author, device)) return { next: null };
      return { next: last === undefined ? { seq: 0, prev: null, time_ms: 0 } : { seq: last.seq + 1, prev: last.id, time_ms: last.time + 1 } };
    },
    admit: async () => undefined,
    async send(list) {
      const answer = await node.sendRecords(encode(list.map(({ block, body }) => [block, body])));
      if (answer.refused[0]) return answer.refused[0].reason;
      if (answer.waiting.length) await introduce(author, await records(list[0]!.device));
      return null;
    },
  };
}

/** Gives a node that knows too little the author's keys and all that this device signed. */
async function introduce(author: string, records: readonly Kept[]): Promise<void> {
  const kept = await keptAuthor(author);
  const all = [...(kept === null ? [] : (decode(kept.chain) as Value[])), ...records.map(({ block, body }) => [block, body])];
  for (let at = 0; at < all.length; at += AT_ONCE) await give(encode(all.slice(at, at + AT_ONCE)));
}

/** Whether the node knows that nothing more of a device counts. A node that is away or a stranger says nothing. */
async function isOver(author: string, device: string): Promise<boolean> {
  const known = checked.get(device);
  if (known !== undefined && Date.now() - known.atMs < CHECKED_MS) return known.isOver;
  try {
    const { keys } = await keychainOf(author);
    const found = keys.devices().find((one) => one.key === device);
    const over = { atMs: Date.now(), isOver: found !== undefined && found.state !== 'admitted' };
    checked.set(device, over);
    return over.isOver;
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}
