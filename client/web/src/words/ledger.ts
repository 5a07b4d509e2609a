/** What a node calls its ledger, in the reader's language. */

import { t } from './words.svelte';

const OWN = 'embedded, test credits, not money';
const COPY = /^own copy of another node's ledger, executed up to block (\d+)((?:, [^;]+)?); test credits, not money$/;
const AWAY = ', its sequencer is away';

/** The label's meaning; one that is of no known form stands as the node wrote it. */
export function ledgerSaid(label: string): string {
  if (label === OWN) return t('ledger.own');
  const [, block = '', rest = ''] = COPY.exec(label) ?? [];
  if (block && (rest === '' || rest === AWAY)) return t(rest ? 'ledger.copy.away' : 'ledger.copy', { block });
  return label;
}
