/**
 * The file that carries an author away: a backup of a node's home that holds the phrase alone, so that the node's own
 * command restores it, and the page reads the phrase out of any backup. A tar under scrypt and AES-256-GCM (STREAM).
 */

import { isSame, join, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';
import { ENTROPY_BYTES } from './phrase';
import { stretch } from './scrypt';

/** log2 of scrypt's N: as in the node's keystore, and the bounds of what a file may ask for. */
export const COST = 17;
const [LOWEST_COST, HIGHEST_COST] = [12, 18];

const text = new TextEncoder();
const MAGIC = text.encode('cinepeer/backup/1\n');
const [PLAIN, SEALED] = [0x70, 0x73];
const [SALT_BYTES, PREFIX_BYTES, TAG_BYTES, HEAD_BYTES] = [16, 8, 16, 5];
const MAX_FRAME_BYTES = 1 << 20;
const PAGE_BYTES = 512;
const RECORD_BYTES = 20 * PAGE_BYTES; // a tar is a whole number of these
const ABOUT = 'backup.json';
const PHRASE = 'keys/phrase';

/** The sealed file of a phrase's 32 bytes; `chance` is 24 bytes that were never used before. */
export async function sealPhrase(entropy: Octets, passphrase: string, chance: Octets, cost = COST): Promise<Octets> {
  const about = text.encode('{"form": 1, "keys_sealed": true}');
  const tar = new Uint8Array(RECORD_BYTES);
  tar.set(join([entry(ABOUT, about), entry(PHRASE, entropy)]));
  const salt = chance.slice(0, SALT_BYTES);
  const begin = join([MAGIC, Uint8Array.of(SEALED, cost), chance.slice(0, SALT_BYTES + PREFIX_BYTES)]);
  const head = headOf(true, tar.length);
  const key = await keyOf(passphrase, salt, cost, 'encrypt');
  const frame = await crypto.subtle.encrypt(boundTo(begin, head, 0), key, tar);
  return join([begin, head, new Uint8Array(frame)]);
}

/** The 32 bytes of the phrase in a file of `sealPhrase` or of `cinepeer backup`; throws `Refused` (`not-a-backup`, `bad-passphrase`, `no-phrase`). */
export async function openPhrase(file: Octets, passphrase: string): Promise<Octets> {
  const at = MAGIC.length;
  const sort = file[at];
  if (!isSame(file.subarray(0, at), MAGIC) || (sort !== SEALED && sort !== PLAIN)) {
    throw new Refused('not-a-backup', 'found something else, expected the encrypted file of an author or a node’s backup');
  }
  if (sort === PLAIN) throw new Refused('no-phrase', 'found a backup without keys, expected one that holds the phrase');
  const size = at + 2 + SALT_BYTES + PREFIX_BYTES;
  const cost = file[at + 1] ?? 0;
  if (file.length < size + HEAD_BYTES || cost < LOWEST_COST || cost > HIGHEST_COST) throw cut();
  const begin = file.slice(0, size);
  const key = await keyOf(passphrase, file.slice(at + 2, at + 2 + SALT_BYTES), cost, 'decrypt');
  return search(new Frames(file, begin, key));
}

/** The frames of a file, opened one after the other as far as they are asked for. */
class Frames {
  private at: number;
  private number = 0;
  private held: Octets = new Uint8Array(0);
  private isEnded = false;

  constructor(
    private readonly file: Octets,
    private readonly begin: Octets,
    private readonly key: CryptoKey,
  ) {
    this.at = begin.length;
  }

  /** The next bytes; fewer only at the end. */
  async take(count: number): Promise<Octets> {
    while (this.held.length < count && !this.isEnded) this.held = join([this.held, await this.next()]);
    const found = this.held.slice(0, count);
    this.held = this.held.slice(count);
    return found;
  }

  private async next(): Promise<Octets> {
    const head = this.file.slice(this.at, this.at + HEAD_BYTES);
    const size = head.length === HEAD_BYTES ? new DataView(head.buffer).getUint32(1) : Infinity;
    const end = this.at + HEAD_BYTES + size + TAG_BYTES;
    if (head[0]! > 1 || size > MAX_FRAME_BYTES || end > this.file.length) throw cut();
    const sealed = this.file.slice(this.at + HEAD_BYTES, end);
    this.isEnded = head[0] === 1;
    if (this.isEnded && end !== this.file.length) throw cut();
    this.at = end;
    try {
      return new Uint8Array(await crypto.subtle.decrypt(boundTo(this.begin, head, this.number++), this.key, sealed));
    } catch {
      throw new Refused('bad-passphrase', 'found a passphrase that does not open the file, or bytes of it changed, expected the one it was made with');
    }
  }
}

/** Looks through a tar for the phrase. Keys come before everything else that may be large. */
async function search(frames: Frames): Promise<Octets> {
  for (;;) {
    const head = await frames.take(PAGE_BYTES);
    if (head.length < PAGE_BYTES || head[0] === 0) break;
    const size = Number.parseInt(ascii(head.subarray(124, 136)), 8);
    const name = ascii(head.subarray(0, 100));
    if (!Number.isSafeInteger(size) || !(name === ABOUT || name.startsWith('keys/')) || size > PAGE_BYTES) break;
    const data = (await frames.take(PAGE_BYTES * Math.ceil(size / PAGE_BYTES))).slice(0, size);
    if (name === PHRASE && data.length === ENTROPY_BYTES) return data;
  }
  throw new Refused('no-phrase', 'found a backup without a phrase, expected one of a home whose keys come from 24 words');
}

function ascii(data: Uint8Array): string {
  const end = data.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? data : data.subarray(0, end));
}

/** A file in a tar (ustar): its head and its bytes, filled up to whole pages. */
function entry(name: string, data: Octets): Octets {
  const page = new Uint8Array(PAGE_BYTES);
  const put = (at: number, value: string): void => page.set(text.encode(value), at);
  put(0, name);
  put(100, '0000600\0' + '0000000\0' + '0000000\0');
  put(124, `${data.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}0`);
  put(257, 'ustar\x0000');
  const sum = page.reduce((total, octet) => total + octet, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  const filled = new Uint8Array(PAGE_BYTES * Math.ceil(data.length / PAGE_BYTES));
  filled.set(data);
  return join([page, filled]);
}

function headOf(isLast: boolean, size: number): Octets {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = Number(isLast);
  new DataView(head.buffer).setUint32(1, size);
  return head;
}

/** How a frame is sealed: its number in the nonce, and what came before it as associated data. */
function boundTo(begin: Octets, head: Octets, number: number): AesGcmParams {
  const iv = new Uint8Array(PREFIX_BYTES + 4);
  iv.set(begin.subarray(-PREFIX_BYTES));
  new DataView(iv.buffer).setUint32(PREFIX_BYTES, number);
  return { name: 'AES-GCM', iv, additionalData: join([begin, head]), tagLength: 8 * TAG_BYTES };
}

async function keyOf(passphrase: string, salt: Octets, cost: number, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', await stretch(text.encode(passphrase), salt, cost), 'AES-GCM', false, [use]);
}

function cut(): Refused {
  return new Refused('not-a-backup', 'found the file cut off or changed, expected it as it was written');
}
