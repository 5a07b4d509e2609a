/** QR codes (ISO/IEC 18004) of short texts: byte mode, level M, versions 1 to 10. */

import type { Octets } from '../verify/octets';

/** Rows of modules, true where dark, without the quiet zone of four modules around them. */
export type Modules = readonly (readonly boolean[])[];

// Of each version: how many check bytes a block has, and its blocks as [how many, data bytes of each].
const LAYOUTS: readonly (readonly [number, readonly (readonly [number, number])[]])[] = [
  [10, [[1, 16]]],
  [16, [[1, 28]]],
  [26, [[1, 44]]],
  [18, [[2, 32]]],
  [24, [[2, 43]]],
  [16, [[4, 27]]],
  [18, [[4, 31]]],
  [22, [[2, 38], [2, 39]]],
  [22, [[3, 36], [2, 37]]],
  [26, [[4, 43], [1, 44]]],
];
const CENTRES: readonly (readonly number[])[] = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** The code of a text; throws `RangeError` where it has more than 213 bytes. */
export function qrOf(text: string): Modules {
  const data = new TextEncoder().encode(text);
  const version = 1 + LAYOUTS.findIndex((_, at) => data.length <= roomOf(at + 1));
  if (version === 0) throw new RangeError(`found ${data.length} bytes for a code, expected at most ${roomOf(LAYOUTS.length)}`);
  const bits = interleaved(version, filled(version, data));
  const drawn = MASKS.map((_, mask) => draw(version, bits, mask));
  const worst = drawn.map(penalty);
  return drawn[worst.indexOf(Math.min(...worst))]!;
}

function bytesOf(version: number): number {
  return LAYOUTS[version - 1]![1].reduce((sum, [count, size]) => sum + count * size, 0);
}

/** How many bytes of text a version holds: its data without the mode and the length. */
function roomOf(version: number): number {
  return bytesOf(version) - (version < 10 ? 2 : 3);
}

/** The data bytes: mode, length, text, and what fills them up. */
function filled(version: number, data: Octets): Octets {
  const whole = new Uint8Array(bytesOf(version));
  let bits = '0100' + data.length.toString(2).padStart(version < 10 ? 8 : 16, '0');
  for (const octet of data) bits += octet.toString(2).padStart(8, '0');
  bits += '0000';
  for (let at = 0; at < whole.length; at++) {
    const isText = 8 * at < bits.length;
    whole[at] = isText ? Number.parseInt(bits.slice(8 * at, 8 * at + 8).padEnd(8, '0'), 2) : (at - Math.ceil(bits.length / 8)) % 2 ? 0x11 : 0xec;
  }
  return whole;
}

/** The data and the check bytes of all blocks, the first of each, then the second, and so on. */
function interleaved(version: number, data: Octets): number[] {
  const [checks, groups] = LAYOUTS[version - 1]!;
  const blocks: Octets[] = [];
  let at = 0;
  for (const [count, size] of groups) for (let n = 0; n < count; n++) blocks.push(data.slice(at, (at += size)));
  const ends = blocks.map((block) => remainder(block, checks));
  const longest = Math.max(...blocks.map((block) => block.length));
  const found: number[] = [];
  for (let n = 0; n < longest; n++) for (const block of blocks) if (n < block.length) found.push(block[n]!);
  for (let n = 0; n < checks; n++) for (const end of ends) found.push(end[n]!);
  return found;
}

/** Multiplies in the field of 256 with 0x11d. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = ((product << 1) ^ ((product >> 7) * 0x11d)) ^ (((b >> bit) & 1) * a);
  return product;
}

/** Reed and Solomon's check bytes of a block. */
function remainder(block: Octets, count: number): Octets {
  const divisor = new Uint8Array(count);
  divisor[count - 1] = 1;
  for (let n = 0, root = 1; n < count; n++, root = times(root, 2)) {
    for (let at = 0; at < count; at++) divisor[at] = times(divisor[at]!, root) ^ (divisor[at + 1] ?? 0);
  }
  const found = new Uint8Array(count);
  for (const octet of block) {
    const factor = octet ^ found[0]!;
    found.copyWithin(0, 1);
    found[count - 1] = 0;
    for (let at = 0; at < count; at++) found[at]! ^= times(divisor[at]!, factor);
  }
  return found;
}

function draw(version: number, codewords: readonly number[], mask: number): boolean[][] {
  const size = 17 + 4 * version;
  const modules = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  const isFixed = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  const set = (row: number, column: number, isDark: boolean): void => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    modules[row]![column] = isDark;
    isFixed[row]![column] = true;
  };
  drawFixed(version, size, mask, set);
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const isUp = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const row = isUp ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (isFixed[row]![column]) continue;
        const isSet = (((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        modules[row]![column] = isSet !== MASKS[mask]!(row, column);
        bit++;
      }
    }
  }
  return modules;
}

/** Finders, timing, alignment, and what tells format and version. */
function drawFixed(version: number, size: number, mask: number, set: (row: number, column: number, isDark: boolean) => void): void {
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const ring = (row: number, column: number, reach: number, light: readonly number[]): void => {
    for (let r = -reach; r <= reach; r++) for (let c = -reach; c <= reach; c++) set(row + r, column + c, !light.includes(Math.max(Math.abs(r), Math.abs(c))));
  };
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]] as const) ring(row, column, 4, [2, 4]);
  const centres = CENTRES[version - 1]!;
  const last = centres.length - 1;
  for (const [i, row] of centres.entries()) {
    for (const [j, column] of centres.entries()) {
      const isFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!isFinder) ring(row, column, 2, [1]);
    }
  }
  const format = checked(mask, 10, 0x537) ^ 0x5412; // level M is 00
  const isOn = (value: number, bit: number): boolean => ((value >> bit) & 1) === 1;
  for (let bit = 0; bit < 15; bit++) {
    const dark = isOn(format, bit);
    const near = bit < 6 ? bit : bit < 8 ? bit + 1 : 14 - bit;
    if (bit < 8) set(near, 8, dark);
    else set(8, bit === 8 ? 7 : near, dark);
    if (bit < 8) set(8, size - 1 - bit, dark);
    else set(size - 15 + bit, 8, dark);
  }
  set(size - 8, 8, true);
  if (version < 7) return;
  const told = checked(version, 12, 0x1f25);
  for (let bit = 0; bit < 18; bit++) {
    const [a, b] = [size - 11 + (bit % 3), Math.floor(bit / 3)];
    set(a, b, isOn(told, bit));
    set(b, a, isOn(told, bit));
  }
}

/** A value and its check bits by a polynomial of this degree. */
function checked(value: number, degree: number, polynomial: number): number {
  let rest = value;
  for (let bit = 0; bit < degree; bit++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * polynomial);
  return (value << degree) | rest;
}

/** How hard a code is to read: runs, squares, what looks like a finder, and how far dark and light are from half. */
function penalty(modules: Modules): number {
  const size = modules.length;
  const lines = [...modules, ...modules[0]!.map((_, column) => modules.map((row) => row[column]!))];
  let sum = 0;
  for (const line of lines) {
    const text = line.map((isDark) => (isDark ? '1' : '0')).join('');
    for (const [run] of text.matchAll(/1{5,}|0{5,}/g)) sum += run.length - 2;
    sum += 40 * [...text.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  for (let row = 1; row < size; row++) {
    for (let column = 1; column < size; column++) {
      const one = modules[row]![column];
      if (one === modules[row - 1]![column] && one === modules[row]![column - 1] && one === modules[row - 1]![column - 1]) sum += 3;
    }
  }
  const dark = modules.flat().filter(Boolean).length;
  return sum + 10 * Math.floor(Math.abs((20 * dark) / (size * size) - 10));
}
