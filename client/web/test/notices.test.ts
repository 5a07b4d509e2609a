/** The notices of the built page name everything that it carries of others. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { noticeOf, packageOf } from '../notices';

const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '');
const packed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: { [name: string]: string } };

let files: Rolldown.RolldownOutput['output'];
let text = '';

beforeAll(async () => {
  const built = (await build({ root, logLevel: 'silent', build: { write: false } })) as Rolldown.RolldownOutput;
  files = built.output;
  const found = files.find((file) => file.fileName.startsWith('assets/notices-'));
  text = found?.type === 'asset' ? String(found.source) : '';
}, 60_000);

describe('the built page', () => {
  test.each([...Object.keys(packed.dependencies), 'svelte', '@fontsource-variable/roboto-condensed', 'js-base64', 'url-parse'])('gives notice of %s', (name) => {
    expect(text).toContain(`\n${name} `);
  });
  test('gives notice of every package that a module of it comes from', () => {
    const names = new Set(files.flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : file.originalFileNames)).flatMap((id) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []));
    expect(names.size).toBeGreaterThan(5);
    for (const name of names) expect(text).toContain(`\n${name} `);
  });
  test('carries the licences themselves', () => {
    for (const words of ['Permission is hereby granted', 'SIL OPEN FONT LICENSE', 'Redistribution and use in source and binary forms', 'Dailymotion']) expect(text).toContain(words);
  });
  test('links them', () => {
    const index = files.find((file) => file.fileName === 'index.html');
    expect(index?.type === 'asset' && String(index.source)).toMatch(/<link rel="license" href="\/assets\/notices-[0-9a-f]{8}\.txt">/);
  });
});

describe('a package', () => {
  test('is found by the path of its module', () => {
    expect(packageOf('/web/node_modules/@noble/ed25519/index.js', '/web')).toBe('/web/node_modules/@noble/ed25519');
    expect(packageOf('node_modules/a/files/f.woff2', '/web')).toBe('/web/node_modules/a');
    expect(packageOf('/web/node_modules/a/node_modules/b/i.js', '/web')).toBe('/web/node_modules/a/node_modules/b');
    expect(packageOf('\0vite/preload-helper.js', '/web')).toBe('/web/node_modules/vite');
    expect(packageOf('/web/src/main.ts', '/web')).toBe(null);
  });
  test('without a licence stops the build', () => {
    const folder = mkdtempSync(join(tmpdir(), 'package-'));
    writeFileSync(join(folder, 'package.json'), '{"name": "bare", "version": "1.0.0"}');
    expect(() => noticeOf(folder)).toThrow('found no licence in bare');
  });
});
