/**
 * The verdicts of the page's own checks on inputs of all sorts: a line of JSON in, [sort, part, …] with bytes in
 * hexadecimal, and a line with the verdict out, "ok …" or the reason of the refusal.
 */

import { createInterface } from 'node:readline';
import { verifyInclusion } from '../../client/web/src/audit/merkle';
import { parseHeader, readAccount } from '../../client/web/src/audit/proofs';
import { parseBody } from '../../client/web/src/verify/bodies';
import { Cid } from '../../client/web/src/verify/cid';
import { decode, encode } from '../../client/web/src/verify/dagcbor';
import { verifySignature } from '../../client/web/src/verify/ed25519';
import { Feeds } from '../../client/web/src/verify/feeds';
import { fromHex, toHex, type Octets } from '../../client/web/src/verify/octets';
import { parseRecord, readBody, verifyRecord, type Record } from '../../client/web/src/verify/record';
import { Refused } from '../../client/web/src/verify/refused';
import { parseNode } from '../../client/web/src/verify/unixfs';

type Parts = readonly never[];

async function verdict(work: () => unknown): Promise<string> {
  try {
    return `ok ${String(await work())}`.trim();
  } catch (error) {
    return error instanceof Refused ? error.reason : `broke: ${String(error)}`;
  }
}

async function story(nowMs: number, told: readonly [string, string | null][]): Promise<string> {
  const feeds = new Feeds();
  const verdicts: string[] = [];
  const held: Record[] = [];
  for (const [block, body] of told) {
    verdicts.push(await verdict(async () => held.push(await taken(feeds, nowMs, fromHex(block), body === null ? null : fromHex(body)))));
  }
  return [...verdicts, ...held.map((record) => String(feeds.counts(record)))].join(', ');
}

async function taken(feeds: Feeds, nowMs: number, block: Octets, body: Octets | null): Promise<Record> {
  const record = await parseRecord(block);
  await verifyRecord(record);
  const need = await feeds.missing(record, nowMs);
  if (need !== null) throw new Refused(`before its ${need}`, '');
  const fields = body === null ? null : await readBody(record, body);
  await feeds.verify(record, fields);
  await feeds.apply(record, fields);
  return record;
}

function shown(codec: number, block: Octets): Promise<string> {
  return Cid.of(block, codec).then((cid) => {
    const node = parseNode(cid, block);
    if (node.sort === 'leaf') return `leaf ${node.data.length}`;
    if (node.sort === 'file') return `file ${node.size} ${node.parts.map((part) => part.size).join(' ')}`;
    return `folder ${[...node.entries.keys()].sort().join(' ')}`;
  });
}

const CHECKS: { readonly [sort: string]: (...parts: Parts) => unknown } = {
  cid: (data: string) => Cid.fromBytes(fromHex(data)).text,
  'cid text': (text: string) => Cid.parse(text).text,
  'dag-cbor': (data: string) => toHex(encode(decode(fromHex(data)))) === data,
  signature: (key: string, message: string, signature: string) => verifySignature(fromHex(key), fromHex(message), fromHex(signature)).then(() => ''),
  record: async (block: string) => {
    const record = await parseRecord(fromHex(block));
    await verifyRecord(record);
    return record.id.text;
  },
  body: (kind: string, block: string) => Object.keys(parseBody(kind, fromHex(block))).length,
  node: (codec: number, block: string) => shown(codec, fromHex(block)),
  inclusion: (leaf: string, index: number, size: number, path: string[], root: string) =>
    verifyInclusion(fromHex(leaf), index, size, path.map(fromHex), fromHex(root)).then(() => ''),
  header: (data: string) => {
    const { number, time, stateRoot } = parseHeader(fromHex(data));
    return `${number} ${time} ${toHex(stateRoot)}`;
  },
  account: (root: string, address: string, nodes: string[]) => {
    const { balance, storageRoot, codeHash } = readAccount(fromHex(root), fromHex(address), nodes.map(fromHex));
    return `${balance} ${toHex(storageRoot)} ${toHex(codeHash)}`;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [sort, ...parts] = JSON.parse(line) as [string, ...never[]];
  const found = sort === 'story' ? await story(...(parts as unknown as Parameters<typeof story>)) : await verdict(() => CHECKS[sort]!(...parts));
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
