/** Merkle trees of RFC 6962 §2.1 (sha2-256): inclusion, and the roots of a growing list of leaves. */

import { compare, join, sha256, toHex, type Octets } from '../verify/octets';
import { Refused } from '../verify/refused';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafDigest(leaf: Octets): Promise<Octets> {
  return sha256(join([LEAF, leaf]));
}

function nodeDigest(left: Octets, right: Octets): Promise<Octets> {
  return sha256(join([NODE, left, right]));
}

/** Throws `Refused` (`not-included`) unless `leaf` stands at `index` in the tree of `size` leaves under `root`. */
export async function verifyInclusion(leaf: Octets, index: number, size: number, path: readonly Octets[], root: Octets): Promise<void> {
  if (index >= size) throw new Refused('not-included', `found the index ${index}, expected one below ${size}`);
  let found = await leafDigest(leaf);
  let next = 0;
  for (let [at, last] = [BigInt(index), BigInt(size - 1)]; last > 0n; at >>= 1n, last >>= 1n) {
    if (!(at & 1n) && at >= last) continue;
    const step = path[next++];
    if (step === undefined) throw new Refused('not-included', `found a path of ${path.length} digests, expected more`);
    found = at & 1n ? await nodeDigest(step, found) : await nodeDigest(found, step);
  }
  if (next !== path.length) throw new Refused('not-included', `found a path of ${path.length} digests, expected fewer`);
  if (compare(found, root) !== 0) throw new Refused('not-included', `found the root ${toHex(found)}, expected ${toHex(root)}`);
}

/** The roots of the perfect trees under a growing list of leaves, the largest first. */
export class Frontier {
  private readonly peaks: { readonly height: number; readonly digest: Octets }[] = [];

  async add(leaf: Octets): Promise<void> {
    let [digest, height] = [await leafDigest(leaf), 0];
    while (this.peaks.at(-1)?.height === height) digest = await nodeDigest(this.peaks.pop()!.digest, digest), height++;
    this.peaks.push({ height, digest });
  }

  async root(): Promise<Octets> {
    let found = this.peaks.at(-1)!.digest;
    for (let at = this.peaks.length - 2; at >= 0; at--) found = await nodeDigest(this.peaks[at]!.digest, found);
    return found;
  }
}
