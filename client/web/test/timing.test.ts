/** The times of captions: read from two formats, shifted, stretched, and written so that the node reads the same. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineAt, moment, momentMs, parseLines, shifted, stretched, written, wrongWith, type Line } from '../src/studio/timing';

const SRT = '\uFEFF1\r\n00:00:01,500 --> 00:00:03,000\r\nThe harbour\r\nat night\r\n\r\n2\r\n00:01:00,000 --> 00:01:02,000\r\nA bell\r\n';
const LINES: Line[] = [
  { startMs: 1500, endMs: 3000, text: 'The harbour\nat night' },
  { startMs: 60_000, endMs: 62_000, text: 'A bell' },
];

const lines = fc
  .array(fc.record({ startMs: fc.integer({ min: 0, max: 9_000_000 }), length: fc.integer({ min: 1, max: 10_000 }), text: fc.stringMatching(/^[a-z]{1,9}( [a-z]{1,9})?$/) }), { maxLength: 20 })
  .map((found) => found.map(({ startMs, length, text }): Line => ({ startMs, endMs: startMs + length, text })).sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs));

describe('moments', () => {
  test.each([
    ['1:02:03.400', 3_723_400],
    ['2:03', 123_000],
    ['00:00:01,5', 1500],
    [' 0:00.001 ', 1],
    ['61:00:00', 219_600_000],
    ['1:60:00', null],
    ['1:2', null],
    ['', null],
    ['-1:00', null],
  ])('%s is %s ms', (text, ms) => {
    expect(momentMs(text)).toBe(ms);
  });
  test('are read back as they are written', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 359_999_999 }), (ms) => momentMs(moment(ms)) === ms));
  });
});

describe('lines', () => {
  test('are read from SRT, with or without a mark at its begin', () => {
    expect(parseLines(SRT)).toEqual(LINES);
    expect(parseLines(SRT.slice(1).replaceAll('\r\n', '\n'))).toEqual(LINES);
  });
  test('are read from WebVTT without its styles, notes and places', () => {
    const vtt = 'WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\n\n00:01.500 --> 00:03.000 line:0 align:left\nThe harbour\nat night\n\n01:00.000 --> 01:02.000\nA bell';
    expect(parseLines(vtt)).toEqual(LINES);
  });
  test.each(['', 'no captions', '1:00 --> x\nwords', '00:01.0 --> 00:02.0\n\n'])('are none in %j', (text) => {
    expect(parseLines(text)).toEqual([]);
  });
  test('are the same after they were written', () => {
    fc.assert(fc.property(lines, (found) => void expect(parseLines(written(found))).toEqual(found)));
  });
  test('keep their number when their words hold an arrow or an empty row', () => {
    const odd = [{ startMs: 0, endMs: 10, text: 'a\n\n00:05.000 --> 00:06.000\nb' }];
    expect(parseLines(written(odd))).toEqual([{ startMs: 0, endMs: 10, text: 'a\n00:05.000 → 00:06.000\nb' }]);
  });
});

describe('changes', () => {
  test('shift all lines there and back, and none before the film', () => {
    fc.assert(fc.property(lines, fc.integer({ min: 0, max: 99_999 }), (found, by) => void expect(shifted(shifted(found, by), -by)).toEqual(found)));
    expect(shifted(LINES, -10_000)[0]).toMatchObject({ startMs: 0, endMs: 1 });
    expect(shifted(LINES, -10_000)[1]).toMatchObject({ startMs: 50_000, endMs: 52_000 });
  });
  test('stretch between the first and the last line', () => {
    // PAL plays 25 pictures a second of a film that was timed at 24.
    const found = stretched(LINES, 1440, 57_600);
    expect(found.map((line) => line.startMs)).toEqual([1440, 57_600]);
    expect(found[0]!.endMs - found[0]!.startMs).toBe(Math.round(1440 + (1500 * 56_160) / 58_500) - 1440);
  });
  test('leave a single line, and none, as they are', () => {
    expect(stretched(LINES.slice(0, 1), 0, 10)).toEqual(LINES.slice(0, 1));
    expect(stretched([], 0, 10)).toEqual([]);
  });
  test('never leave a line that ends before it begins', () => {
    fc.assert(fc.property(lines, fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 10_000, max: 99_999 }), (found, a, b) => stretched(found, a, b).every((line) => wrongWith(line) === null)));
  });
});

test('what is wrong with a line is named', () => {
  expect(wrongWith(LINES[0]!)).toBeNull();
  expect(wrongWith({ startMs: 5, endMs: 5, text: 'x' })).toBe('end');
  expect(wrongWith({ startMs: 5, endMs: 6, text: ' \n' })).toBe('words');
});

test.each([
  [0, -1],
  [1500, 0],
  [2999, 0],
  [3000, -1],
  [61_000, 1],
])('at %i ms line %i is said', (ms, place) => {
  expect(lineAt(LINES, ms)).toBe(place);
});
