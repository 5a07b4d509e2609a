/** A list's receipt as an audit: its checks, and the report that the page shows. */

import { readOpening, readReceipt, replay } from '../taste/receipt';
import { sha256, toHex, type Octets } from '../verify/octets';
import type { Report } from './audit';
import type { Line } from './inspection';

/** Every check of one receipt, in order; throws `Refused` for bytes that are none, or an opening that is none. */
export async function auditReceipt(data: Octets, opening: Octets | null, onLine: (line: Line) => void): Promise<Report> {
  const receipt = await readReceipt(data);
  const lines = await replay(receipt, opening && (await readOpening(opening)), onLine);
  return {
    isHeld: lines.every((line) => line.isHeld),
    lines,
    sort: 'receipt',
    subject: receipt.author,
    name: '',
    title: '',
    network: '',
    block: null,
    hash: '',
    time: '',
    sequencer: '',
    predecessors: [],
    witnesses: 0,
    sha256: toHex(await sha256(data)),
    bytes: data.length,
    answer: null,
  };
}
