/** Opening the phrase by a passkey: WebAuthn's PRF gives a secret that never leaves the authenticator, and seals the phrase. */

import { fromHex, type Octets } from '../verify/octets';
import type { Passkey } from './vault';

const SALT_BYTES = 32;
const IV_BYTES = 12;
const USER_BYTES = 16;
const ALGORITHMS = [-8, -7, -257]; // Ed25519, ES256, RS256: whatever the authenticator has
const INFO = new TextEncoder().encode('cinepeer/passkey/1');
const PATIENCE_MS = 120_000;

/** Why a passkey does not open anything here: the browser or authenticator knows no PRF, or the person or browser said no. */
export class NoPasskey extends Error {
  constructor(readonly sort: 'unable' | 'denied') {
    super(`found no passkey (${sort}), expected one that gives a secret`);
  }
}

/** Whether this browser knows passkeys at all. That it knows the PRF is found out by asking. */
export function mayHavePasskey(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && 'credentials' in navigator;
}

/** Makes a passkey and seals the phrase under what it gives. Throws `NoPasskey`. */
export async function wrap(entropy: Octets, author: string, name: string): Promise<Passkey> {
  const salt = chance(SALT_BYTES);
  const created = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: chance(SALT_BYTES),
        rp: { name: 'Cinepeer' },
        user: { id: chance(USER_BYTES), name, displayName: name },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        timeout: PATIENCE_MS,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const { prf } = created.getClientExtensionResults();
  if (!prf?.enabled && prf?.results === undefined) throw new NoPasskey('unable');
  const id = new Uint8Array(created.rawId);
  const iv = chance(IV_BYTES);
  // Some give the secret only to one who asks a second time.
  const secret = prf.results?.first === undefined ? await secretOf([{ id, salt }]) : { id, bits: bitsOf(prf.results.first) };
  const key = await keyOf(secret.bits, 'encrypt');
  return { id, salt, iv, sealed: new Uint8Array(await crypto.subtle.encrypt(bound(iv, author), key, entropy)) };
}

/** The phrase's 32 bytes by one of these passkeys. Throws `NoPasskey`. */
export async function unwrap(passkeys: readonly Passkey[], author: string): Promise<Octets> {
  const secret = await secretOf(passkeys);
  const passkey = passkeys.find((one) => one.id.length === secret.id.length && one.id.every((octet, at) => octet === secret.id[at]));
  if (passkey === undefined) throw new NoPasskey('unable');
  try {
    const key = await keyOf(secret.bits, 'decrypt');
    return new Uint8Array(await crypto.subtle.decrypt(bound(passkey.iv, author), key, passkey.sealed));
  } catch {
    throw new NoPasskey('unable');
  }
}

async function secretOf(passkeys: readonly { readonly id: Octets; readonly salt: Octets }[]): Promise<{ id: Octets; bits: Octets }> {
  const evalByCredential = Object.fromEntries(passkeys.map(({ id, salt }) => [base64url(id), { first: salt }]));
  const found = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: chance(SALT_BYTES),
        allowCredentials: passkeys.map(({ id }) => ({ type: 'public-key', id })),
        userVerification: 'required',
        timeout: PATIENCE_MS,
        extensions: { prf: { evalByCredential } },
      },
    }),
  );
  const first = found.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) throw new NoPasskey('unable');
  return { id: new Uint8Array(found.rawId), bits: bitsOf(first) };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let found: Credential | null;
  try {
    found = await ask();
  } catch (error) {
    throw new NoPasskey(error instanceof DOMException && error.name === 'NotAllowedError' ? 'denied' : 'unable');
  }
  if (!(found instanceof PublicKeyCredential)) throw new NoPasskey('denied');
  return found;
}

async function keyOf(bits: Octets, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', bits, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: fromHex(''), info: INFO };
  return crypto.subtle.deriveKey(how, key, { name: 'AES-GCM', length: 256 }, false, [use]);
}

/** The author stands beside the phrase, so that one sealed phrase is never taken for another. */
function bound(iv: Octets, author: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(author) };
}

function chance(sizeBytes: number): Octets {
  return crypto.getRandomValues(new Uint8Array(sizeBytes));
}

function bitsOf(source: BufferSource): Octets {
  return source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array((source as Uint8Array<ArrayBuffer>).slice());
}

function base64url(data: Octets): string {
  return btoa(String.fromCharCode(...data)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
