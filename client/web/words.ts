/**
 * Parts the message files: what the first screen may say comes with it, the rest with the next screen. Which is which
 * follows from the sources: a message is said by its literal name, so whatever names it decides.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'vite';

const ENTRIES = ['src/main.ts', 'src/embed/main.ts'];
const IMPORTED = /^\s*(?:import|export)\s(?!type\s)[^;]*?'(\.[^']+)'/gm;
const PART = /\/src\/words\/\w+\.json\?(first|later)$/;

/** The messages that modules name which the pages load at once: those reached from the entries, but not by `import()`. */
export function firstWords(root: string, words: readonly string[]): Set<string> {
  const sources = new Map<string, string>();
  const read = (path: string): void => {
    if (sources.has(path)) return;
    const source = readFileSync(path, 'utf8');
    sources.set(path, source);
    for (const [, named] of source.matchAll(IMPORTED)) {
      const base = resolve(dirname(path), named!);
      const found = [base, `${base}.ts`].find((one) => /\.(ts|svelte)$/.test(one) && existsSync(one));
      if (found !== undefined) read(found);
    }
  };
  for (const entry of ENTRIES) read(resolve(root, entry));
  const said = [...sources.values()].join('\n');
  return new Set(words.filter((word) => said.includes(`'${word}'`)));
}

/** Gives `FILE.json?first` and `FILE.json?later`; tests have all messages from the start. */
export function words(): Plugin {
  return {
    name: 'cinepeer-words',
    enforce: 'pre',
    load(id) {
      const part = PART.exec(id)?.[1];
      if (part === undefined) return null;
      const messages = JSON.parse(readFileSync(id.split('?')[0]!, 'utf8')) as { [word: string]: string };
      const all = Object.keys(messages);
      const first = process.env['VITEST'] ? new Set(all) : firstWords(import.meta.dirname, all);
      const chosen = Object.fromEntries(Object.entries(messages).filter(([word]) => first.has(word) === (part === 'first')));
      return { code: `export default ${JSON.stringify(chosen)};`, moduleType: 'js' };
    },
  };
}
