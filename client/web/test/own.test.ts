/** An author of the page's own: who may sign for it as its records say, what two devices show each other, and the code itself. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { authorCode, deviceCode, parseAuthorCode, parseDeviceCode, spokenOf } from '../src/identity/code';
import { Denied } from '../src/identity/cabinet';
import { Keychain } from '../src/identity/keychain';
import { qrOf } from '../src/identity/qr';
import { beginAuthor, rootKey, rotate, signByRoot } from '../src/identity/root';
import { newBody, writeRecord, type Written } from '../src/identity/writing';
import { Cid } from '../src/verify/cid';
import { decode, encode } from '../src/verify/dagcbor';
import { fromHex, toHex, type Octets } from '../src/verify/octets';

const BORN_MS = 1_700_000_000_000;
const ENTROPY = new Uint8Array(32).fill(5);
let chance = 0;
const nonce = (): Octets => new Uint8Array(16).fill(++chance);
const listOf = (...written: Written[]): Octets => encode(written.map(({ block, body }) => [block, body]));

describe('the keychain', () => {
  let author: string;
  let begun: readonly Written[];
  let laptop: Awaited<ReturnType<typeof rootKey>>;
  const phone = fromHex('22'.repeat(32));
  const place = (root: number, last: Written | null, seq: number) => ({ author, root, seq, prev: last?.record.id.text ?? null, time: BORN_MS + seq });
  const keychain = async (...lists: Octets[]): Promise<Keychain> => {
    const keys = new Keychain(author, () => BORN_MS + 60_000);
    for (const list of lists) await keys.admit(list);
    return keys;
  };
  beforeAll(async () => {
    laptop = await rootKey(new Uint8Array(32).fill(9), 0); // any key will do for a device
    const made = await beginAuthor(ENTROPY, laptop.device, 'laptop', BORN_MS, nonce);
    [author, begun] = [made.author, made.records];
  });
  const rated = async (seq: number, prev: Written | null): Promise<Written> => {
    const at = { author: Cid.parse(author), device: laptop.device, seq, prev: prev?.record.id ?? null, time: BORN_MS + seq };
    return writeRecord(laptop.sign, at, 'rating', newBody('rating', nonce(), { ratings: [['movielens:1', 7]] }));
  };

  test('tells the devices that the root admitted, and the last record of each that counts', async () => {
    const first = await rated(0, null);
    const second = await rated(1, first);
    const keys = await keychain(listOf(...begun, first, second), listOf(...begun));
    expect(keys.devices()).toEqual([
      { key: toHex(laptop.device), name: 'laptop', state: 'admitted', counted: 2, last: { seq: 1, id: second.record.id.text, time: BORN_MS + 1 } },
    ]);
    expect(keys.speaking()).toMatchObject({ number: 0, last: { seq: 1, id: begun[1]!.record.id.text }, forkedAt: null });
    expect((decode(keys.chain) as unknown[]).length).toBe(2);
  });
  test('a revocation ends a device at its last record, and what it signs later counts no more', async () => {
    const first = await rated(0, null);
    const fields = { device: laptop.device, seq: 0, head: first.record.id, reason: 'left on a train' };
    const revoked = await signByRoot(ENTROPY, place(0, begun[1]!, 2), 'revocation', fields, nonce());
    const keys = await keychain(listOf(...begun, revoked, first, await rated(1, first)));
    expect(keys.devices()).toMatchObject([{ state: 'revoked', counted: 1, last: { seq: 0 } }]);
  });
  test('a second device is admitted beside the first', async () => {
    const admitted = await signByRoot(ENTROPY, place(0, begun[1]!, 2), 'delegate', { device: phone, name: 'phone' }, nonce());
    const keys = await keychain(listOf(...begun, admitted));
    expect(keys.devices().map(({ name, state, last }) => [name, state, last])).toEqual([['laptop', 'admitted', null], ['phone', 'admitted', null]]);
  });
  test('a forked root is told, and the next root of the same words follows it', async () => {
    const one = await signByRoot(ENTROPY, place(0, begun[1]!, 2), 'delegate', { device: phone, name: 'phone' }, nonce());
    const other = await signByRoot(ENTROPY, place(0, begun[1]!, 2), 'delegate', { device: phone, name: 'tablet' }, nonce());
    const forked = await keychain(listOf(...begun, one, other));
    const speaking = forked.speaking()!;
    expect(speaking).toMatchObject({ number: 0, forkedAt: 2, last: { seq: 1 } });
    const next = await rotate(ENTROPY, place(1, null, 0), speaking.last, nonce());
    await forked.admit(listOf(next));
    expect(forked.speaking()).toMatchObject({ number: 1, forkedAt: null, last: { seq: 0, id: next.record.id.text } });
    const again = await signByRoot(ENTROPY, place(1, next, 1), 'delegate', { device: phone, name: 'phone' }, nonce());
    await forked.admit(listOf(again));
    expect(forked.devices().map((one) => [one.name, one.state])).toEqual([['laptop', 'admitted'], ['phone', 'admitted']]);
  });
  test('another author’s records are left out, and a changed one is refused', async () => {
    const strange = await beginAuthor(new Uint8Array(32).fill(6), phone, 'x', BORN_MS, nonce);
    expect((await keychain(listOf(...strange.records))).isKnown).toBe(false);
    const { block, body } = begun[1]!;
    await expect(keychain(listOf(begun[0]!), encode([[block.with(-1, block.at(-1)! ^ 1), body]]))).rejects.toThrow();
    await expect(keychain(listOf(begun[1]!))).rejects.toMatchObject({ reason: 'gap' });
    await expect(keychain(encode({}))).rejects.toMatchObject({ reason: 'bad-list' });
  });
});

describe('codes', () => {
  const key = 'ab'.repeat(32);
  const list = readFileSync(new URL('../src/identity/english.txt', import.meta.url), 'utf8').trim().split('\n');
  const author = 'bafyreibxonml3k2hzzfviqrdhsnfp7jredx444cjd4phjstuq7wb3bhefe';

  test('a device is read as it was shown, and nothing else is', () => {
    expect(parseDeviceCode(` ${deviceCode({ key, name: 'page in Firefox/阿涅斯' })}\n`)).toEqual({ key, name: 'page in Firefox/阿涅斯' });
    for (const text of ['', key, `cinepeer:device/1/${key}`, `cinepeer:device/1/${key}/%`, `cinepeer:device/1/${key}/a/b`, `cinepeer:device/1/${key.slice(1)}/a`]) {
      expect(parseDeviceCode(text)).toBeNull();
    }
  });
  test('a name holds no sign that turns or hides what stands beside it', () => {
    expect(parseDeviceCode(`cinepeer:device/1/${key}/${encodeURIComponent('pho\u202ene\u0000 ')}`)?.name).toBe('phone');
  });
  test('an author is read as a code or as its id', () => {
    expect([authorCode(author), `  ${author} `, 'bafy', `${author}x`, ''].map(parseAuthorCode)).toEqual([author, author, null, null, null]);
  });
  test('words to compare differ between keys, and between a device and an author', async () => {
    const spoken = await Promise.all([spokenOf('device', key, list), spokenOf('device', 'ac'.repeat(32), list), spokenOf('author', author, list)]);
    expect(new Set(spoken).size).toBe(3);
    for (const words of spoken) expect(words.split(' ')).toHaveLength(4);
    expect(await spokenOf('device', key, list)).toBe(spoken[0]);
  });
});

describe('the QR code', () => {
  // Each was read back by another program's decoder when it was frozen.
  const FROZEN: [number, string][] = [
    [1, '0cad9658dbfe3e668c557875b555913cf16f906a3792d93f6c6d25c21d3588ad'],
    [14, '0678be6ac77b3e05a102b0a3c65da13830132ef1aac34bf5a3e439133b6963ae'],
    [26, 'b115649b8639ee1447c684afdeccb8ec2b5f3b7022e9c7f2490b0f51a4df10e8'],
    [42, '427bef6e3972c60701b6324f7602140ec5588752c47b94323276f4dc0274a985'],
    [84, '1d0faadfe527d48a56deff15f103bf93bca4dc207b5efacbf9f66eb1b26c549d'],
    [106, '2fe86be42155f5159cf430323b17c1ad0517442bf0f80cfe6827f873c831c9cb'],
    [122, '1fa9069283bef6b77af4930cf021950a1bee78197209dbb0943a74e885c9fc55'],
    [152, '1bee11707ee464eff34286fb36a3e905bed8642952873823d759f08d28f914a5'],
    [180, 'b9513dfec26467433a3bc91782f639e18c0e38508283bdac1f92b6a10ad11876'],
    [213, 'eb9e106ae7af7eb2c319c6fc31e86dd02f2e9d4d605962f34b315996caaab543'],
  ];
  test.each(FROZEN)('of %i bytes is the one that was read elsewhere', (size, digest) => {
    const rows = qrOf(textOf(size)).map((row) => row.map((isDark) => (isDark ? '#' : '.')).join(''));
    expect(createHash('sha256').update(rows.join('\n')).digest('hex')).toBe(digest);
  });
  test('holds 213 bytes and no more', () => {
    expect(qrOf('x'.repeat(213))).toHaveLength(57);
    expect(() => qrOf('x'.repeat(214))).toThrow(RangeError);
  });
});

function textOf(size: number): string {
  return Array.from({ length: size }, (_, at) => String.fromCharCode(33 + ((at * 7 + size) % 90))).join('');
}

test('a full disk is told from a denied one', () => {
  expect(Denied.by(new DOMException('', 'QuotaExceededError')).isFull).toBe(true);
  expect(Denied.by(new DOMException('', 'SecurityError')).isFull).toBe(false);
  expect(Denied.by('no')).toBeInstanceOf(Denied);
});
