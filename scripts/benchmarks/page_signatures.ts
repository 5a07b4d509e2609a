/** Checks signed records as the page does, and the same signatures by the library alone: which is how fast? */

import { verifyAsync } from '@noble/ed25519';
import { Cid, DAG_CBOR } from '../../client/web/src/verify/cid';
import { signer } from '../../client/web/src/identity/feed';
import { newBody, writeRecord } from '../../client/web/src/identity/writing';
import { parseRecord, readBody, toSigned, verifyRecord } from '../../client/web/src/verify/record';
import { decode, type Fields } from '../../client/web/src/verify/dagcbor';
import type { Octets } from '../../client/web/src/verify/octets';

const RECORDS = 60;
const RUNS = 15;

interface Signed {
  readonly block: Octets;
  readonly body: Octets;
  readonly message: Octets;
  readonly signature: Octets;
}

const keys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
const device = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
const author = await Cid.of(device, DAG_CBOR);

async function written(seq: number): Promise<Signed> {
  const place = { author, device, seq, prev: author, time: 1_700_000_000_000 + seq };
  const body = newBody('rating', crypto.getRandomValues(new Uint8Array(16)), { ratings: [[`movielens:${seq}`, 9]] });
  const { block } = await writeRecord(signer(keys.privateKey), place, 'rating', body);
  const { header, signature } = decode(block) as { header: Fields; signature: Octets };
  return { block, body, message: toSigned(header), signature };
}

const records: Signed[] = [];
for (let seq = 1; seq <= RECORDS; seq++) records.push(await written(seq));

async function checked(): Promise<number> {
  const began = performance.now();
  for (const { block, body } of records) {
    const record = await parseRecord(block);
    await verifyRecord(record);
    await readBody(record, body);
  }
  return performance.now() - began;
}

async function alone(): Promise<number> {
  const began = performance.now();
  for (const { signature, message } of records) {
    if (!(await verifyAsync(signature, message, device, { zip215: false }))) throw new Error('another verdict');
  }
  return performance.now() - began;
}

const ratios: number[] = [];
let fastest = Infinity;
await checked();
await alone();
for (let run = 0; run < RUNS; run++) {
  const library = await alone();
  const whole = await checked();
  fastest = Math.min(fastest, whole);
  ratios.push(library / whole);
}
postMessage({ ratios, perS: (RECORDS / fastest) * 1000 });
