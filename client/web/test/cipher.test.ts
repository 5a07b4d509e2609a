/** Licensed films open here as they were sealed elsewhere, and nothing else does. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Cid, DAG_CBOR, RAW } from '../src/verify/cid';
import { isSealedPath, newAgreement, nonceOf, Opener, publicOf, sealedOf } from '../src/verify/cipher';
import { fromHex, join, toHex, type Octets } from '../src/verify/octets';
import { Refused } from '../src/verify/refused';

interface Vectors {
  readonly key: string;
  readonly commitment: string;
  readonly files: readonly { path: string; plain: string; sealed: string }[];
  readonly wrapped: { private: string; public: string; once: string; version: string; context: string; wrapped: string };
}
const vectors = JSON.parse(readFileSync(new URL('../../../tests/vectors/sealed.json', import.meta.url), 'utf8')) as Vectors;
const commitment = fromHex(vectors.commitment);
const version = Cid.parse(vectors.wrapped.version);
const opener = (): Promise<Opener> => Opener.of(fromHex(vectors.key), commitment);

/** The pair of the frozen example: PKCS #8 and the raw key, as WebCrypto takes them. */
async function pairOf(secret: string, open: string): Promise<CryptoKeyPair> {
  const pkcs8 = join([fromHex('302e020100300506032b656e04220420'), fromHex(secret)]);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']);
  return { privateKey, publicKey: await crypto.subtle.importKey('raw', fromHex(open), 'X25519', true, []) };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
  return 'held';
}

describe('a sealed file', () => {
  test.each(vectors.files)('$path opens as it was sealed', async ({ path, plain, sealed }) => {
    expect(toHex(await (await opener()).file(path, fromHex(sealed)))).toBe(plain);
  });
  test('opens for no other path, and with no changed byte', async () => {
    const one = await opener();
    const [init, first] = vectors.files;
    expect(await reasonOf(one.file('720/00000.m4s', fromHex(first!.sealed)))).toBe('bad-seal');
    expect(await reasonOf(one.file(first!.path, fromHex(init!.sealed)))).toBe('bad-seal');
    expect(await reasonOf(one.file(first!.path, new Uint8Array(3)))).toBe('bad-seal');
    for (let at = 0; at < first!.sealed.length / 2; at++) {
      const changed = fromHex(first!.sealed);
      changed[at]! ^= 1;
      expect(await reasonOf(one.file(first!.path, changed))).toBe('bad-seal');
    }
  });
  test('needs the key that the record names, which is forgotten as bytes', async () => {
    expect(await reasonOf(Opener.of(new Uint8Array(32), commitment))).toBe('wrong-key');
    expect(await reasonOf(Opener.of(fromHex(vectors.key).slice(1), commitment))).toBe('wrong-key');
    const key = fromHex(vectors.key);
    await Opener.of(key, commitment);
    expect(toHex(key)).toBe('00'.repeat(32));
  });
  test('has a nonce by its number, and playlists, poster and credentials have none', () => {
    expect(toHex(nonceOf('480/00041.m4s'))).toBe('00000000000000000000002a');
    expect(toHex(nonceOf('480/init_480.mp4'))).toBe('00'.repeat(12));
    expect(['master.m3u8', '480/index.m3u8', 'poster.jpg', 'credentials.c2pa'].some(isSealedPath)).toBe(false);
    expect(['480/00000.m4s', 'text/en/00000.vtt', 'storyboard.jpg', '480/poster.jpg'].every(isSealedPath)).toBe(true);
  });
});

describe('a wrapped key', () => {
  const { wrapped } = vectors;
  test('opens for its pair, its version and nobody else', async () => {
    const pair = await pairOf(wrapped.private, wrapped.public);
    const unlocked = await Opener.unwrapped(fromHex(wrapped.wrapped), pair, version, commitment);
    const [file] = vectors.files;
    expect(toHex(await unlocked.file(file!.path, fromHex(file!.sealed)))).toBe(file!.plain);
    const tried: [Octets, CryptoKeyPair, Cid][] = [
      [fromHex(wrapped.wrapped), await newAgreement(), version],
      [fromHex(wrapped.wrapped), pair, await Cid.of(new Uint8Array(1), DAG_CBOR)],
      [fromHex(wrapped.wrapped).slice(1), pair, version],
      [new Uint8Array(80), pair, version],
      [fromHex(wrapped.wrapped.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))), pair, version],
    ];
    for (const [data, keys, cid] of tried) expect(await reasonOf(Opener.unwrapped(data, keys, cid, commitment))).toBe('bad-wrapping');
    expect(await reasonOf(Opener.unwrapped(fromHex(wrapped.wrapped), pair, version, new Uint8Array(32)))).toBe('wrong-key');
  });
  test('is asked for with a pair whose private part no script reads', async () => {
    const pair = await newAgreement();
    expect((await publicOf(pair)).length).toBe(32);
    await expect(crypto.subtle.exportKey('pkcs8', pair.privateKey)).rejects.toThrow();
  });
});

describe('what a version says of its seal', () => {
  const scheme = 'cinepeer/sealed/1';
  test('is read strictly', async () => {
    const host = await Cid.of(new Uint8Array(1), DAG_CBOR);
    const raw = await Cid.of(new Uint8Array(1), RAW);
    const good = { scheme, key: commitment, custodians: [host] };
    expect(sealedOf({ sealed: good })).toEqual({ commitment, custodians: [host.text] });
    expect(sealedOf({})).toBeNull();
    const odd = [null, true, [], {}, { ...good, key: commitment.slice(1) }, { ...good, more: 1 }, { ...good, custodians: [host, host] }];
    const more = [{ ...good, custodians: [raw] }, { ...good, custodians: Array(17).fill(host) }, { ...good, scheme: 1 }, { ...good, key: 'k' }];
    for (const said of [...odd, ...more]) expect(() => sealedOf({ sealed: said as never })).toThrow(Refused);
    expect(() => sealedOf({ sealed: { ...good, scheme: 'cinepeer/sealed/2' } })).toThrow('sealed/2');
  });
});
