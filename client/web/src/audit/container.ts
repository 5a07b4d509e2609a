/** A CAR v1 as an auditor reads it: every section with its place, and a sentence for each fault found there. */

import { Cid } from '../verify/cid';
import { decode, isFields } from '../verify/dagcbor';
import type { Octets } from '../verify/octets';
import { Refused } from '../verify/refused';

const CID_BYTES = 36;
const MAX_HEADER_BYTES = 4096;
const MAX_BLOCK_BYTES = 4 << 20;

/** One block where it lies: the place of its section, and its bytes. */
export interface Section {
  readonly cid: Cid;
  readonly offset: number;
  readonly block: Octets;
  readonly isSound: boolean;
}

/** A CAR's root and sections in file order, and what is wrong with it. */
export interface Container {
  readonly root: Cid | null;
  readonly sections: readonly Section[];
  readonly faults: readonly string[];
  readonly size: number;
  /** A sound block by its id. */
  readonly get: (cid: Cid) => Octets | null;
}

function bad(sentence: string): Refused {
  return new Refused('bad-car', sentence);
}

/** Reads a whole CAR v1 of one root; never throws for what the bytes are. */
export async function scan(car: Octets): Promise<Container> {
  const faults: string[] = [];
  const sections: Section[] = [];
  const places = new Map<string, Octets>();
  let root: Cid | null = null;
  try {
    const [found, begin] = header(car);
    root = found;
    for (let at = begin; at < car.length; ) {
      const [section, next] = await sectionAt(car, at);
      sections.push(section);
      if (section.isSound) places.set(section.cid.text, section.block);
      else faults.push(`the block ${section.cid} at byte ${next - section.block.length} to ${next} does not hash to its id`);
      at = next;
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    faults.push(error.message);
  }
  return { root, sections, faults, size: car.length, get: (cid) => places.get(cid.text) ?? null };
}

function varint(car: Octets, at: number, what: string): [number, number] {
  let value = 0;
  for (let size = 0; size < 9; size++) {
    const octet = car[at + size];
    if (octet === undefined) throw bad(`${what} at byte ${at}: found the end of the file, expected a length`);
    value += (octet & 0x7f) * 2 ** (7 * size);
    if (octet < 0x80) {
      if (octet === 0 && size) break;
      return [value, at + size + 1];
    }
  }
  throw bad(`${what} at byte ${at}: found a length in a longer form than needed, expected the shortest`);
}

function header(car: Octets): [Cid, number] {
  const [length, begin] = varint(car, 0, 'the CAR header');
  if (length < 1 || length > MAX_HEADER_BYTES || begin + length > car.length) {
    throw bad(`the CAR header at byte 0: found ${length} bytes, expected a header within the file`);
  }
  let fields;
  try {
    fields = decode(car.subarray(begin, begin + length));
  } catch (error) {
    if (error instanceof Refused) throw bad(`the CAR header at byte ${begin}: ${error.message}`);
    throw error;
  }
  const roots = isFields(fields) ? fields['roots'] : null;
  const isWhole = isFields(fields) && Object.keys(fields).sort().join() === 'roots,version' && fields['version'] === 1;
  if (!isWhole || !Array.isArray(roots) || roots.length !== 1 || !(roots[0] instanceof Cid)) {
    throw bad(`the CAR header at byte ${begin}: found another map, expected version 1 and one root`);
  }
  return [roots[0], begin + length];
}

async function sectionAt(car: Octets, at: number): Promise<[Section, number]> {
  const [length, start] = varint(car, at, 'the section');
  const [begin, end] = [start + CID_BYTES, start + length];
  if (length < CID_BYTES || length > CID_BYTES + MAX_BLOCK_BYTES || end > car.length) {
    throw bad(`the section at byte ${at}: found ${length} bytes, expected an id and a block within the ${car.length - start} bytes left`);
  }
  let cid: Cid;
  try {
    cid = Cid.fromBytes(car.slice(start, begin));
  } catch (error) {
    if (error instanceof Refused) throw bad(`the section at byte ${at}: ${error.message}`);
    throw error;
  }
  const block = car.slice(begin, end);
  return [{ cid, offset: at, block, isSound: await cid.isOf(block) }, end];
}
