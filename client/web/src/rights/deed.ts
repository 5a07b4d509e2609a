/** A deed as it goes from owner to owner: a file, or a link whose part after # never leaves the browser. Pure. */

import type { DeedFile } from '../ask/api';

export const FORMAT = 'cinepeer/deed/1';
const MAX_TEXT = 1 << 20;
const MARK = '#deed=';

/** The deed in what somebody pasted or dropped: a file's text, or a link; null when it is none. */
export function readDeed(text: string): DeedFile | null {
  const said = text.trim();
  if (!said || said.length > MAX_TEXT) return null;
  const at = said.indexOf(MARK);
  try {
    const found = JSON.parse(at < 0 ? said : unpacked(said.slice(at + MARK.length))) as Partial<DeedFile> | null;
    return isDeed(found) ? found : null;
  } catch {
    return null; // neither JSON nor a link of ours
  }
}

/** The link that opens a deed in a studio at `origin`. */
export function linkOf(deed: DeedFile, origin: string): string {
  const octets = new TextEncoder().encode(JSON.stringify(deed));
  const text = btoa(Array.from(octets, (one) => String.fromCharCode(one)).join(''));
  return `${origin}/studio${MARK}${text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;
}

/** One deed with the signatures of both: what co-owners sign apart comes together. Null for two different deeds. */
export function together(one: DeedFile, other: DeedFile): DeedFile | null {
  const [first, second] = [one, other].map(({ signatures: _, ...rest }) => JSON.stringify(rest, Object.keys(flat(rest)).sort()));
  return first === second ? { ...one, signatures: { ...one.signatures, ...other.signatures } } : null;
}

/** The name under which a deed is kept as a file. */
export function fileName(deed: DeedFile): string {
  return `${deed.name.replace(/[^\p{L}\p{N} _-]/gu, '').trim() || 'film'}.deed`;
}

function isDeed(found: Partial<DeedFile> | null): found is DeedFile {
  return (
    typeof found === 'object' &&
    found !== null &&
    found.format === FORMAT &&
    typeof found.name === 'string' &&
    typeof found.film === 'string' &&
    typeof found.deed === 'object' &&
    found.deed !== null &&
    typeof found.signatures === 'object' &&
    found.signatures !== null
  );
}

/** All names of fields, at any depth, so that the order of a file's fields does not matter. */
function flat(value: unknown): { [name: string]: true } {
  if (typeof value !== 'object' || value === null) return {};
  return Object.entries(value).reduce((names, [name, inner]) => ({ ...names, [name]: true as const, ...flat(inner) }), {});
}

function unpacked(text: string): string {
  const octets = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true }).decode(octets);
}
