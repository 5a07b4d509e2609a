/** The gateways of hosts that the page's own policy lets it ask: they stand in the page as it was loaded. */

import type { Film } from './shapes';

const NAME = 'gateways';

let allowed: ReadonlySet<string> | null = null;

function known(): ReadonlySet<string> {
  allowed ??= new Set(document.querySelector<HTMLMetaElement>(`meta[name="${NAME}"]`)?.content.split(' ').filter(Boolean));
  return allowed;
}

/** The gateways of a version's hosts that may be asked from here, without a slash at the end. */
export function gatewaysOf(version: Film['versions'][number] | undefined): string[] {
  const named = (version?.providers ?? []).flatMap((one) => one.gateway ?? []);
  return [...new Set(named.map((one) => one.replace(/\/$/, '')))].filter(isAllowed);
}

function isAllowed(address: string): boolean {
  const origin = URL.canParse(address) ? new URL(address).origin : '';
  return origin !== location.origin && known().has(origin);
}
