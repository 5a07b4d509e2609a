/** The notices of what others wrote and the built page carries: collected from the bundle itself, so that none is missed. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

const HEAD = `What the page carries of others, each under its own licence. Cinepeer itself is under the Apache License 2.0.\n`;
// What the bundler adds of its own has no file.
const VIRTUAL: readonly [RegExp, string][] = [
  [/^\0?vite\//, 'vite'],
  [/^\0?rolldown\//, 'rolldown'],
];

/** The folder of the package that a module or a file of the bundle comes from, or null for one of our own. */
export function packageOf(id: string, root: string): string | null {
  for (const [pattern, name] of VIRTUAL) if (pattern.test(id)) return join(root, 'node_modules', name);
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''))?.[1];
  return found === undefined ? null : resolve(root, found);
}

/** One package's notice; throws where the package has no licence text. */
export function noticeOf(folder: string): string {
  const told = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string };
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.(md|txt))?$/i.test(name));
  if (file === undefined) throw new Error(`found no licence in ${told.name}, expected one: it is bundled into the page`);
  // A builder's licence goes on with those of its own parts, which the page does not carry.
  const [text = ''] = readFileSync(join(folder, file), 'utf8').split(/^# Licenses of bundled dependencies/m);
  return `\n${'='.repeat(80)}\n${told.name} ${told.version}, ${told.license ?? 'see below'}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}

/** All notices, one after another, by name: where the folders lie must not show in a build. */
export function noticesOf(folders: Iterable<string>): string {
  const named = [...folders].map((folder) => [folder.replace(/^.*node_modules\//, ''), folder] as const);
  return HEAD + named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, folder]) => noticeOf(folder)).join('');
}

/** Two plugins: one for the page, which writes the notices and links them, one for its worker. */
export function notices(): { page: Plugin; worker: () => Plugin } {
  const folders = new Set<string>();
  let root = '';
  const collect = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const folder = packageOf(id, root);
      if (folder !== null && existsSync(join(folder, 'package.json'))) folders.add(folder);
    }
  };
  const worker = (): Plugin => ({
    name: 'notices-of-worker',
    generateBundle: (_, bundle) => {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') collect(Object.keys(file.modules));
    },
  });
  const page: Plugin = {
    name: 'notices',
    apply: 'build',
    configResolved: (config) => {
      root = config.root;
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) collect(file.type === 'chunk' ? Object.keys(file.modules) : file.originalFileNames);
        const source = noticesOf(folders);
        const fileName = `assets/notices-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.txt`;
        this.emitFile({ type: 'asset', fileName, source });
        const index = bundle['index.html'];
        if (index?.type !== 'asset') throw new Error('found no index.html in the bundle, expected one to link the notices');
        index.source = String(index.source).replace('</head>', `  <link rel="license" href="/${fileName}">\n  </head>`);
      },
    },
  };
  return { page, worker };
}
