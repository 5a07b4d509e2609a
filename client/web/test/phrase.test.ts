/** The phrase and the file that carries it: the same words give the same author in the node and in the page, both ways. */

import { createHash, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { beginAuthor } from '../src/identity/root';
import { BadPhrase, parsePhrase, phraseOf } from '../src/identity/phrase';
import { stretch } from '../src/identity/scrypt';
import { openPhrase, sealPhrase } from '../src/identity/sealing';
import { fromHex, toHex } from '../src/verify/octets';
import { vectors } from './vectors';

const text = readFileSync(new URL('../src/identity/english.txt', import.meta.url), 'utf8');
const list = text.trim().split('\n');
const { authors, files } = vectors<{
  authors: { entropy: string; phrase: string; roots: string[]; author: string; device: string; nonce: string; time: number; records: [string, string][] }[];
  files: { entropy: string; passphrase: string; cost: number; chance: string; file: string }[];
}>('phrases');

describe('the words', () => {
  test('the list is BIP-39’s', () => {
    const node = readFileSync(new URL('../../../node/cinepeer/adapters/system/wordlist.py', import.meta.url), 'utf8');
    expect(node).toContain(`"${createHash('sha256').update(text).digest('hex')}"`);
  });
  test.each(authors)('$phrase', async ({ entropy, phrase }) => {
    expect((await phraseOf(fromHex(entropy), list)).join(' ')).toBe(phrase);
    expect(toHex(await parsePhrase(`  ${phrase.toUpperCase()}\n`, list))).toBe(entropy);
  });
  test.each([
    ['count', (words: string[]) => words.slice(1), 23],
    ['word', (words: string[]) => words.with(4, 'film'.repeat(2)), 5],
    ['sum', (words: string[]) => words.with(0, words[0] === 'zoo' ? 'able' : 'zoo'), 24],
  ])('a mistake of the sort %s is found, and the words are not repeated', async (sort, spoil, found) => {
    const words = authors[2]!.phrase.split(' ');
    const error = await parsePhrase(spoil(words).join(' '), list).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BadPhrase);
    expect(error).toMatchObject({ sort, found });
    expect((error as Error).message).not.toContain(words[3]);
  });
});

test.each(authors)('the author $author begins with the same records', async ({ entropy, author, device, nonce, time, records, roots }) => {
  const begun = await beginAuthor(fromHex(entropy), fromHex(device), 'node', time, () => fromHex(nonce));
  expect(begun.author).toBe(author);
  expect(begun.records.map(({ block, body }) => [toHex(block), toHex(body)])).toEqual(records);
  expect(toHex(begun.records[0]!.record.header.device)).toBe(roots[0]);
});

describe('the file', () => {
  const one = files[0]!;
  test('scrypt is the one of everybody else', async () => {
    const [word, salt] = [fromHex('70617373'), fromHex('000102030405060708090a0b0c0d0e0f')];
    expect(toHex(await stretch(word, salt, 10))).toBe(scryptSync(word, salt, 32, { N: 1 << 10, r: 8, p: 1 }).toString('hex'));
  });
  test('the page writes what the node writes, byte for byte', async () => {
    const file = await sealPhrase(fromHex(one.entropy), one.passphrase, fromHex(one.chance), one.cost);
    expect(toHex(file)).toBe(one.file);
  });
  test('the page opens what the node wrote', async () => {
    expect(toHex(await openPhrase(fromHex(one.file), one.passphrase))).toBe(one.entropy);
  });
  test.each([
    ['another passphrase', (file: Uint8Array) => file, 'wrong', 'bad-passphrase'],
    ['a changed byte', (file: Uint8Array) => file.with(80, file[80]! ^ 1), one.passphrase, 'bad-passphrase'],
    ['a cut file', (file: Uint8Array) => file.slice(0, -1), one.passphrase, 'not-a-backup'],
    ['bytes behind the end', (file: Uint8Array) => Uint8Array.of(...file, 0), one.passphrase, 'not-a-backup'],
    ['a film', () => new Uint8Array(100), one.passphrase, 'not-a-backup'],
    ['a plain backup', (file: Uint8Array) => file.with(18, 0x70), one.passphrase, 'no-phrase'],
    ['a cost that no machine has', (file: Uint8Array) => file.with(19, 31), one.passphrase, 'not-a-backup'],
  ])('%s is refused', async (_, spoil, passphrase, reason) => {
    await expect(openPhrase(new Uint8Array(spoil(fromHex(one.file))), passphrase)).rejects.toMatchObject({ reason });
  });
});
