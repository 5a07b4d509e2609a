/** Receipts of lists come to the same checks here as in the node, list and all, bit for bit. */

import { describe, expect, test } from 'vitest';
import { isReceipt, readOpening, readReceipt, replay } from '../src/taste/receipt';
import { ruleOf, UNKNOWN } from '../src/taste/rules';
import { readServed } from '../src/taste/served';
import { fromHex } from '../src/verify/octets';
import { Refused } from '../src/verify/refused';
import { vectors } from './vectors';

interface Case {
  readonly name: string;
  readonly receipt: string;
  readonly opening: string | null;
  readonly lines: readonly (readonly [check: string, isHeld: boolean | null])[] | null;
}

const cases = vectors<readonly Case[]>('receipts');

describe('a receipt', () => {
  test.each(cases)('$name', async ({ receipt, opening, lines }) => {
    const data = fromHex(receipt);
    if (lines === null) return expect(readReceipt(data)).rejects.toBeInstanceOf(Refused);
    expect(isReceipt(data)).toBe(true);
    const heard: string[] = [];
    const found = await replay(await readReceipt(data), opening === null ? null : await readOpening(fromHex(opening)), (line) => heard.push(line.check));
    expect(found.map(({ check, isHeld }) => [check, isHeld])).toEqual(lines.map(([check, isHeld]) => [check, isHeld === true]));
    expect(heard).toEqual(lines.map(([check]) => check));
    for (const [place, [, isHeld]] of lines.entries()) if (isHeld === null) expect(found[place]!.found).toContain('could not be checked');
  });
  test('of which any byte of the header is another is refused or does not hold', async () => {
    const data = fromHex(cases[0]!.receipt);
    for (let at = 19; at < 1_200; at += 97) {
      const changed = data.slice();
      changed[at]! ^= 1;
      try {
        const lines = await replay(await readReceipt(changed));
        expect(lines.every(({ isHeld }) => isHeld), `byte ${at}`).toBe(false);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(Refused);
      }
    }
  });
});

describe('a served model', () => {
  test.each([0, 3, 90, -1])('cut at %i is refused', (cut) => {
    const [, , , ...rest] = cases;
    const whole = fromHex(rest[0]!.receipt);
    const header = new DataView(whole.buffer).getUint32(19);
    const model = whole.slice(23 + header + 64);
    expect(() => readServed(model)).not.toThrow();
    expect(() => readServed(model.slice(0, cut))).toThrow(Refused);
  });
  test('of another version is refused in a sentence', () => {
    const whole = fromHex(cases[3]!.receipt);
    const model = whole.slice(23 + new DataView(whole.buffer).getUint32(19) + 64);
    const at = new TextDecoder('latin1').decode(model).indexOf('served-model/1') + 13;
    model[at] = '9'.charCodeAt(0);
    expect(() => readServed(model)).toThrow(/expected cinepeer\/served-model\/1/);
  });
});

describe('a rule', () => {
  test.each([
    ['At  most 90 minutes', { minutes: 90 }, null],
    ['at most 90 minutes', { minutes: 91 }, 'at most 90 minutes'],
    ['at least 90 minutes', { minutes: 89 }, 'at least 90 minutes'],
    ['before 2000', { year: 2000 }, 'before 2000'],
    ['before 2000', {}, 'before 2000: not known of it'],
    ['only drama', { genres: ['drama'] }, null],
    ['licensed here tonight', { is_licensed: true }, null],
    ['nothing violent', { genres: ['war'] }, 'nothing violent'],
    ['in zh, en', { languages: ['en'] }, null],
    ['not seen', { is_seen: true }, 'not seen'],
  ] as const)('%s of %o', (words, facts, expected) => expect(ruleOf(words, [])({ ...UNKNOWN, ...facts })).toBe(expected));
  test('of other words is refused', () => {
    expect(() => ruleOf('good ones', [])).toThrow(Refused);
    expect(() => ruleOf('in a language I read', [])).toThrow(Refused);
  });
});
