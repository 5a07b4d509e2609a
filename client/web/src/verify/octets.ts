/** Byte strings: comparing, joining and printing them. */

export type Octets = Uint8Array<ArrayBuffer>;

/** Whether two byte strings are the same. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Which of two byte strings comes first: below 0, 0 or above 0, as bytes compare. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const apart = a[at]! - b[at]!;
    if (apart) return apart;
  }
  return a.length - b.length;
}

/** All pieces in one. */
export function join(pieces: readonly Uint8Array[]): Octets {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Lower-case hexadecimal digits. */
export function toHex(data: Uint8Array): string {
  return Array.from(data, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** The bytes of hexadecimal digits. */
export function fromHex(text: string): Octets {
  const data = new Uint8Array(text.length / 2);
  for (let at = 0; at < data.length; at++) data[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return data;
}

/** The sha2-256 digest, by the browser's own hash. */
export async function sha256(data: Octets): Promise<Octets> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
}
