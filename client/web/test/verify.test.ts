/** What is checked in the browser is what the node checks: the same frozen vectors, every one. */

import { describe, expect, test } from 'vitest';
import { parseBody } from '../src/verify/bodies';
import { Cid } from '../src/verify/cid';
import { decode, encode } from '../src/verify/dagcbor';
import { verifySignature } from '../src/verify/ed25519';
import { Feeds } from '../src/verify/feeds';
import { toHex } from '../src/verify/octets';
import { parseRecord, readBody, verifyRecord, type Record } from '../src/verify/record';
import { Refused } from '../src/verify/refused';
import { bytesOf, valueOf, vectors } from './vectors';

/** The reason of a refusal; fails where nothing is refused. */
async function reasonOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('cids', () => {
  const { valid, refused } = vectors<{
    valid: { block: string; codec: number; bytes: string; text: string }[];
    refused: { text: string; why: string }[];
  }>('cids');
  test.each(valid)('the block $block has the id $text', async ({ block, codec, bytes, text }) => {
    const cid = await Cid.of(bytesOf(block), codec);
    expect([cid.text, toHex(cid.bytes), Cid.parse(text).codec]).toEqual([text, bytes, codec]);
    expect(await cid.isOf(bytesOf(block))).toBe(true);
    expect(await cid.isOf(bytesOf(block + '00'))).toBe(false);
  });
  test.each(refused)('$why is refused', async ({ text }) => expect(await reasonOf(() => Cid.parse(text))).toBe('bad-cid'));
});

describe('dag-cbor', () => {
  const { valid, refused } = vectors<{
    valid: { hex: string; value: unknown; name: string }[];
    refused: { hex: string; why: string }[];
  }>('dagcbor');
  test.each(valid)('$name has one form both ways', ({ hex, value }) => {
    expect(toHex(encode(valueOf(value)))).toBe(toHex(bytesOf(hex)));
    expect(toHex(encode(decode(bytesOf(hex))))).toBe(toHex(bytesOf(hex)));
    // Objects without a prototype equal those with one here.
    expect(JSON.stringify(decode(bytesOf(hex)), printed)).toBe(JSON.stringify(sorted(valueOf(value)), printed));
  });
  test.each(refused)('$why is refused', async ({ hex }) => expect(await reasonOf(() => decode(bytesOf(hex)))).toBe('not-canonical'));
  test('a key that every object has is a key like any other', () => {
    const found = decode(bytesOf('a1695f5f70726f746f5f5f01')) as { [key: string]: unknown };
    expect(Object.keys(found)).toEqual(['__proto__']);
  });
});

function printed(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** Maps in the order of DAG-CBOR, so that they print alike. */
function sorted(value: ReturnType<typeof valueOf>): unknown {
  return decode(encode(value));
}

describe('ed25519', () => {
  type Verdict = { why: string; public: string; message: string; signature: string; valid: boolean };
  const { verdicts } = vectors<{ verdicts: Verdict[] }>('ed25519');
  test.each(verdicts)('$why: $valid', async (one) => {
    const verdict = verifySignature(bytesOf(one.public), bytesOf(one.message), bytesOf(one.signature));
    const found = await verdict.then(
      () => true,
      (error: Refused) => (expect(error.reason).toBe('bad-signature'), false),
    );
    expect(found).toBe(one.valid);
  });
  test('the vectors hold both verdicts', () => expect(new Set(verdicts.map((one) => one.valid)).size).toBe(2));
});

describe('bodies', () => {
  const { valid, refused } = vectors<{
    valid: { kind: string; block: string; cid: string }[];
    refused: { kind: string; block: string; why: string }[];
  }>('bodies');
  test.each(valid)('a body of kind $kind is read', ({ kind, block }) => {
    expect(Object.keys(parseBody(kind, bytesOf(block)))).toContain('nonce');
  });
  test.each(refused)('$why is refused as $kind', async ({ kind, block }) => {
    expect(['bad-body', 'not-canonical']).toContain(await reasonOf(() => parseBody(kind, bytesOf(block))));
  });
});

describe('records', () => {
  const { valid, refused } = vectors<{
    valid: { block: string; id: string; author: string; body: string; signed: string }[];
    refused: { block: string; why: string }[];
  }>('records');
  test.each(valid)('the record $id holds with its body', async ({ block, id, author, body, signed }) => {
    const record = await parseRecord(bytesOf(block));
    expect([record.id.text, record.author.text, toHex(record.signed)]).toEqual([id, author, signed]);
    await verifyRecord(record);
    await readBody(record, bytesOf(body));
    expect(await reasonOf(() => readBody(record, bytesOf(body + '00')))).toBe('wrong-body');
  });
  test('one bit anywhere in a signature undoes it', async () => {
    const { block } = valid[0]!;
    const changed = bytesOf(block);
    changed[changed.length - 40]! ^= 1;
    expect(await reasonOf(async () => verifyRecord(await parseRecord(changed)))).toBe('bad-signature');
  });
  test.each(refused)('$why is refused', async ({ block }) => {
    expect(['bad-record', 'not-canonical']).toContain(await reasonOf(() => parseRecord(bytesOf(block))));
  });
});

describe('feeds', () => {
  type Told = { block: string; body: string | null; counts: boolean };
  const stories = vectors<{ name: string; why: string; records: Told[] }[]>('feeds');
  test.each(stories)('$why', async ({ records }) => {
    const feeds = new Feeds();
    const held: [Record, boolean][] = [];
    for (const { block, body, counts } of records) {
      const record = await parseRecord(bytesOf(block));
      await verifyRecord(record);
      expect(await feeds.missing(record, record.header.time)).toBeNull();
      const fields = body === null ? null : await readBody(record, bytesOf(body));
      await feeds.verify(record, fields);
      await feeds.apply(record, fields);
      held.push([record, counts]);
    }
    expect(held.map(([record]) => feeds.counts(record))).toEqual(held.map(([, counts]) => counts));
  });
  test('a record from too far ahead waits', async () => {
    const record = await parseRecord(bytesOf(stories[0]!.records[0]!.block));
    expect(await new Feeds().missing(record, record.header.time - 600_001)).toBe('time');
    expect(await new Feeds().missing(record, record.header.time - 600_000)).toBeNull();
  });
  test('a record before its author is refused', async () => {
    const { block } = stories[0]!.records.at(-1)!;
    const record = await parseRecord(bytesOf(block));
    expect(await new Feeds().missing(record, record.header.time)).toBe('author');
    expect(await reasonOf(() => new Feeds().verify(record, null))).toBe('not-connected');
  });
});
