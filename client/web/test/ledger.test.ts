/** The ledger's label is said in the reader's language; what is unknown stands as the node wrote it. */

import { beforeAll, expect, test, vi } from 'vitest';

vi.stubGlobal('document', { documentElement: { lang: '' } });
const { ledgerSaid } = await import('../src/words/ledger');
const { speak } = await import('../src/words/words.svelte');

beforeAll(() => speak('zh', false));

test.each([
  ['embedded, test credits, not money', '内置账本，测试点数，不是钱'],
  ["own copy of another node's ledger, executed up to block 12; test credits, not money", '另一节点账本的自有副本，已执行到区块 12；测试点数，不是钱'],
  ["own copy of another node's ledger, executed up to block 12, its sequencer is away; test credits, not money", '另一节点账本的自有副本，已执行到区块 12，其排序者不在线；测试点数，不是钱'],
  ['embedded, test credits, not money; two orders', 'embedded, test credits, not money; two orders'],
  ['a chain of others', 'a chain of others'],
])('%s', (label, said) => expect(ledgerSaid(label)).toBe(said));
