/** Has the page kept by the browser, once it stands; where the browser keeps nothing, it works as before. */

import address from './keeper.ts?worker&url';

/** Registers the keeper, after what the screen itself needs. */
export function keepPage(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const begin = (): void => void register().catch(() => undefined);
  if (document.readyState === 'complete') begin();
  else addEventListener('load', begin, { once: true });
}

async function register(): Promise<void> {
  await navigator.serviceWorker.register(address, { scope: '/' });
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType('resource').map((one) => new URL(one.name));
  active?.postMessage(loaded.filter((one) => one.origin === location.origin).map((one) => one.pathname));
}
