/** Keccak-256 as Ethereum uses it (https://keccak.team/keccak_specs_summary.html, padding 0x01): lanes as two words. */

import { join, toHex, type Octets } from '../verify/octets';

const RATE = 136;
const ROUNDS = 24;

// The constants follow from the permutation's own shift register and walk.
const [CONSTANTS_LOW, CONSTANTS_HIGH] = constants();
const [SHIFTS, PLACES] = walk();

/** The 32-byte digest of all pieces, one after another. */
export function keccak(...pieces: readonly Uint8Array[]): Octets {
  const data = pieces.length === 1 ? pieces[0]! : join(pieces);
  const low = new Int32Array(25);
  const high = new Int32Array(25);
  const padded = new Uint8Array(Math.floor(data.length / RATE + 1) * RATE);
  padded.set(data);
  padded[data.length]! |= 1;
  padded[padded.length - 1]! |= 0x80;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let lane = 0; lane < RATE / 8; lane++) {
      low[lane]! ^= view.getInt32(at + 8 * lane, true);
      high[lane]! ^= view.getInt32(at + 8 * lane + 4, true);
    }
    permute(low, high);
  }
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  for (let lane = 0; lane < 4; lane++) {
    out.setInt32(8 * lane, low[lane]!, true);
    out.setInt32(8 * lane + 4, high[lane]!, true);
  }
  return digest;
}

/** The digest as hexadecimal digits. */
export function keccakHex(...pieces: readonly Uint8Array[]): string {
  return toHex(keccak(...pieces));
}

/** The digest of text in UTF-8. */
export function keccakText(text: string): Octets {
  return keccak(new TextEncoder().encode(text));
}

function permute(low: Int32Array, high: Int32Array): void {
  const columnLow = new Int32Array(5);
  const columnHigh = new Int32Array(5);
  for (let round = 0; round < ROUNDS; round++) {
    for (let x = 0; x < 5; x++) {
      columnLow[x] = low[x]! ^ low[x + 5]! ^ low[x + 10]! ^ low[x + 15]! ^ low[x + 20]!;
      columnHigh[x] = high[x]! ^ high[x + 5]! ^ high[x + 10]! ^ high[x + 15]! ^ high[x + 20]!;
    }
    for (let x = 0; x < 5; x++) {
      const [nextLow, nextHigh] = [columnLow[(x + 1) % 5]!, columnHigh[(x + 1) % 5]!];
      const addLow = columnLow[(x + 4) % 5]! ^ ((nextLow << 1) | (nextHigh >>> 31));
      const addHigh = columnHigh[(x + 4) % 5]! ^ ((nextHigh << 1) | (nextLow >>> 31));
      for (let at = x; at < 25; at += 5) {
        low[at]! ^= addLow;
        high[at]! ^= addHigh;
      }
    }
    let [heldLow, heldHigh] = [low[1]!, high[1]!];
    for (let step = 0; step < ROUNDS; step++) {
      const at = PLACES[step]!;
      const [shiftedLow, shiftedHigh] = rotated(heldLow, heldHigh, SHIFTS[step]!);
      [heldLow, heldHigh] = [low[at]!, high[at]!];
      low[at] = shiftedLow;
      high[at] = shiftedHigh;
    }
    for (let row = 0; row < 25; row += 5) {
      chi(low, row);
      chi(high, row);
    }
    low[0]! ^= CONSTANTS_LOW[round]!;
    high[0]! ^= CONSTANTS_HIGH[round]!;
  }
}

function chi(lanes: Int32Array, row: number): void {
  const [a, b, c, d, e] = lanes.subarray(row, row + 5) as unknown as [number, number, number, number, number];
  lanes[row] = a ^ (~b & c);
  lanes[row + 1] = b ^ (~c & d);
  lanes[row + 2] = c ^ (~d & e);
  lanes[row + 3] = d ^ (~e & a);
  lanes[row + 4] = e ^ (~a & b);
}

function rotated(low: number, high: number, by: number): [number, number] {
  if (by === 0) return [low, high];
  if (by >= 32) return by === 32 ? [high, low] : rotated(high, low, by - 32);
  return [(low << by) | (high >>> (32 - by)), (high << by) | (low >>> (32 - by))];
}

function constants(): [Int32Array, Int32Array] {
  const low = new Int32Array(ROUNDS);
  const high = new Int32Array(ROUNDS);
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let power = 0; power < 7; power++) {
      const bit = (1 << power) - 1;
      if (register & 1) {
        if (bit < 32) low[round]! ^= 1 << bit;
        else high[round]! ^= 1 << (bit - 32);
      }
      register <<= 1;
      if (register & 0x100) register ^= 0x171;
    }
  }
  return [low, high];
}

function walk(): [number[], number[]] {
  const shifts: number[] = [];
  const places: number[] = [];
  let [x, y] = [1, 0];
  for (let step = 0; step < ROUNDS; step++) {
    [x, y] = [y, (2 * x + 3 * y) % 5];
    places.push(x + 5 * y);
    shifts.push((((step + 1) * (step + 2)) / 2) % 64);
  }
  return [shifts, places];
}
