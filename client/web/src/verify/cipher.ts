/**
 * Licensed films' files, opened as `cinepeer.content.cipher` seals them: each under a key of its own by its path. Keys are
 * the browser's own and leave it for no script.
 */

import { Cid, DAG_CBOR } from './cid';
import { isFields, type Fields, type Value } from './dagcbor';
import { isSame, join, sha256, type Octets } from './octets';
import { Refused } from './refused';

const SCHEME = 'cinepeer/sealed/1';
const MAX_CUSTODIANS = 16;
const WRAPPED_BYTES = 80;
const TO_UTF8 = new TextEncoder();
const DOMAIN = zeroed(SCHEME);
const WRAPPING = zeroed('cinepeer/wrapped/1');
const OPEN: ReadonlySet<string> = new Set(['poster.jpg', 'credentials.c2pa']);

/** What a version's record says of its seal: the digest of its content key, and the authors who keep that key. */
export interface Sealed {
  readonly commitment: Octets;
  readonly custodians: readonly string[];
}

/** Reads a version's field `sealed`; null without one. Throws `Refused` (`bad-form`, `unknown-scheme`). */
export function sealedOf(fields: Fields): Sealed | null {
  if (!('sealed' in fields)) return null;
  const said = fields['sealed'] as Value;
  const { scheme, key, custodians } = isFields(said) ? said : ({} as Fields);
  const isForm = isFields(said) && Object.keys(said).length === 3 && typeof scheme === 'string' && key instanceof Uint8Array && key.length === 32;
  if (!isForm || !Array.isArray(custodians) || custodians.length > MAX_CUSTODIANS || !areAuthors(custodians)) {
    throw new Refused('bad-form', 'found a version sealed in a form that is none, expected scheme, key and custodians');
  }
  if (scheme !== SCHEME) throw new Refused('unknown-scheme', `found a version sealed by “${scheme.slice(0, 40)}”, expected ${SCHEME}`);
  return { commitment: key as Octets, custodians: custodians.map((one) => (one as Cid).text) };
}

function areAuthors(values: readonly Value[]): boolean {
  const texts = values.map((one) => (one instanceof Cid && one.codec === DAG_CBOR ? one.text : ''));
  return !texts.includes('') && new Set(texts).size === texts.length;
}

/** Whether the file at `path` of a sealed version is sealed: all but playlists, the poster and the credentials. */
export function isSealedPath(path: string): boolean {
  return !path.endsWith('.m3u8') && !OPEN.has(path);
}

/** The key pair to which a key is asked for; throws `Refused` (`no-agreement`) where the browser knows no X25519. */
export async function newAgreement(): Promise<CryptoKeyPair> {
  try {
    return (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  } catch {
    throw new Refused('no-agreement', 'found a browser without X25519, expected a newer one: it is needed to take the key of a licensed film');
  }
}

/** The public key (32 bytes) of a pair. */
export async function publicOf(pair: CryptoKeyPair): Promise<Octets> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
}

/** Opens the files of one version. */
export class Opener {
  private constructor(
    private readonly key: CryptoKey,
    private readonly bound: Octets,
  ) {}

  /** By the content key (32 bytes), which is forgotten as bytes; throws `Refused` (`wrong-key`) for another one. */
  static async of(key: Octets, commitment: Octets): Promise<Opener> {
    const found = await sha256(join([DOMAIN, zeroed('commitment'), key]));
    if (key.length !== 32 || !isSame(found, commitment)) {
      throw new Refused('wrong-key', 'found another key than the one that the version’s record names, expected that one');
    }
    const base = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveKey']);
    key.fill(0);
    return new Opener(base, join([DOMAIN, commitment]));
  }

  /** By a key as a custodian wrapped it for `pair`; throws `Refused` (`bad-wrapping`, `wrong-key`). */
  static async unwrapped(wrapped: Octets, pair: CryptoKeyPair, version: Cid, commitment: Octets): Promise<Opener> {
    return Opener.of(await unwrap(wrapped, pair, version), commitment);
  }

  /** The plain file at `path`; throws `Refused` (`bad-seal`) for another key, path or byte. */
  async file(path: string, sealed: Octets): Promise<Octets> {
    const name = TO_UTF8.encode(path);
    const info = join([DOMAIN, zeroed('file'), name]);
    const way = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
    const key = await crypto.subtle.deriveKey(way, this.key, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
    try {
      const additionalData = join([this.bound, name]);
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonceOf(path), additionalData }, key, sealed));
    } catch {
      throw new Refused('bad-seal', `found ${path} sealed otherwise, expected the film’s key to open it`);
    }
  }
}

/** The nonce (12 bytes) of a file: the number of its segment from 1 on, 0 for a file without one. */
export function nonceOf(path: string): Octets {
  const numbered = /^([0-9]{1,9})\.[a-z0-9]{1,8}$/.exec(path.slice(path.lastIndexOf('/') + 1));
  const nonce = new Uint8Array(12);
  if (numbered) new DataView(nonce.buffer).setUint32(8, Number(numbered[1]) + 1);
  return nonce;
}

async function unwrap(wrapped: Octets, pair: CryptoKeyPair, version: Cid): Promise<Octets> {
  const bad = new Refused('bad-wrapping', 'found a key wrapped for another device or changed, expected one for this page');
  if (wrapped.length !== WRAPPED_BYTES) throw bad;
  const [sender, own] = [wrapped.slice(0, 32), await publicOf(pair)];
  try {
    const other = await crypto.subtle.importKey('raw', sender, 'X25519', false, []);
    const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: other }, pair.privateKey, 256);
    const base = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
    const way = { name: 'HKDF', hash: 'SHA-256', salt: join([sender, own]), info: WRAPPING };
    const key = await crypto.subtle.deriveKey(way, base, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
    const additionalData = join([WRAPPING, zeroed('release'), version.bytes, own]);
    const open = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData };
    return new Uint8Array(await crypto.subtle.decrypt(open, key, wrapped.slice(32)));
  } catch {
    throw bad;
  }
}

function zeroed(text: string): Octets {
  return join([TO_UTF8.encode(text), new Uint8Array(1)]);
}
