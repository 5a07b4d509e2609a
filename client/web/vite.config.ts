/** Builds the page into the light client's package; assets are named by their hash and may be cached for ever. */

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { kept } from './kept.ts';
import { notices } from './notices.ts';
import { pieces } from './pieces.ts';
import { words } from './words.ts';

const NODE = 'http://localhost:8080';
const others = notices();

export default defineConfig({
  plugins: [words(), svelte({ compilerOptions: { runes: true } }), others.page, kept()],
  build: {
    outDir: '../cinepeer_client/web',
    emptyOutDir: true,
    target: 'es2023',
    // Colours are written as `light-dark()`, which must reach the browser as it is.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    rolldownOptions: { input: ['index.html', 'embed.html'], output: { codeSplitting: { groups: pieces(import.meta.dirname) } } },
    modulePreload: { polyfill: false },
    // The player is one piece, fetched apart from the page.
    chunkSizeWarningLimit: 700,
  },
  worker: { format: 'es', plugins: () => [others.worker()] },
  server: { proxy: { '/api': NODE, '/ipfs': NODE } },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
