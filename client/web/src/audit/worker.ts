/** The worker that audits: it is given a bundle's bytes and asks nobody. It touches no document and no network. */

import { audit, type Report } from './audit';
import type { Shipped } from './code';
import type { Line } from './inspection';
import known from './shipped.json';

export type FromAuditor = { readonly line: Line } | { readonly report: Report } | { readonly failure: string };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null;
  postMessage(message: FromAuditor): void;
};

scope.onmessage = async ({ data }) => {
  try {
    // Holes come from JSON as lists of any length; the node's own test holds them to pairs.
    const report = await audit(new Uint8Array(data), known as unknown as Shipped, (line) => scope.postMessage({ line }));
    scope.postMessage({ report });
  } catch (error) {
    scope.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  }
};
