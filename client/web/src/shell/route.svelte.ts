/** Where the page is: its path, read as one of the screens. */

export type Route =
  | { readonly screen: 'films' | 'studio' | 'audit' | 'node' | 'me' | 'news' | 'missing' }
  | { readonly screen: 'film' | 'author' | 'list'; readonly id: string }
  | { readonly screen: 'search'; readonly words: string };

const MOMENT = /^#t=\d{1,6}$/;
const SCREENS = ['studio', 'audit', 'node', 'me', 'news'] as const;

/** The screen of a path. */
export function parseRoute(path: string): Route {
  const parts = path.split('/').filter(Boolean);
  const [first, second] = parts;
  if (first === undefined) return { screen: 'films' };
  if ((first === 'film' || first === 'author' || first === 'list') && second !== undefined && parts.length === 2) return { screen: first, id: unescaped(second) };
  if (first === 'search' && parts.length <= 2) return { screen: 'search', words: unescaped(second ?? '') };
  const found = parts.length === 1 ? SCREENS.find((screen) => screen === first) : undefined;
  return { screen: found ?? 'missing' };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no valid escape: shown as it came
  }
}

let route = $state.raw<Route>(parseRoute(location.pathname));
let moves = $state(0);

export function here(): Route {
  return route;
}

/** The moment of a film that the address names (a media fragment: `#t=` and seconds), or null. */
export function momentAsked(): number | null {
  return MOMENT.test(location.hash) ? Number(location.hash.slice(3)) : null;
}

/** How often the reader moved to another screen: 0 until the first time. */
export function moved(): number {
  return moves;
}

/** Writes the path of what is shown into the address, without a step back to each letter typed. */
export function rename(path: string): void {
  history.replaceState(null, '', path);
}

/** Goes to a path of this page. */
export function go(path: string): void {
  if (path !== location.pathname) history.pushState(null, '', path);
  arrive();
  scrollTo(0, 0);
}

function arrive(): void {
  route = parseRoute(location.pathname);
  moves++;
}

/** Follows links inside the page without loading it anew. */
export function followLinks(): void {
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if ((link.hash && !MOMENT.test(link.hash)) || parseRoute(link.pathname).screen === 'missing') return;
    event.preventDefault();
    go(link.pathname + link.hash);
  });
}
