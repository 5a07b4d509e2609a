/** The worker that audits: it is given the bytes of a bundle or of a list's receipt, and asks nobody. It touches no document and no network. */

import { audit, type Report } from './audit';
import { isReceipt } from '../taste/receipt';
import type { Shipped } from './code';
import type { Line } from './inspection';
import { auditReceipt } from './receipt';
import known from './shipped.json';
import type { Asked } from './showing';

/** A bundle, or a receipt with what opens its history where that is sealed. */
export interface ToAuditor {
  readonly data: ArrayBuffer;
  readonly opening: ArrayBuffer | null;
  /** Whether a film may be shown, to be answered from a title's bundle. */
  readonly asked: Asked | null;
}

export type FromAuditor = { readonly line: Line } | { readonly report: Report } | { readonly failure: string };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToAuditor>) => void) | null;
  postMessage(message: FromAuditor): void;
};

scope.onmessage = async ({ data: { data, opening, asked } }) => {
  const tell = (line: Line): void => scope.postMessage({ line });
  try {
    const octets = new Uint8Array(data);
    const report = isReceipt(octets)
      ? await auditReceipt(octets, opening && new Uint8Array(opening), tell)
      : // Holes come from JSON as lists of any length; the node's own test holds them to pairs.
        await audit(octets, known as unknown as Shipped, tell, asked);
    scope.postMessage({ report });
  } catch (error) {
    scope.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  }
};
