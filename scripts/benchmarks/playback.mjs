/**
 * Plays a film to its end in Chromium and prints one line of JSON: memory as time goes by, frames, waits.
 *
 * usage: node playback.mjs '{"chromium": PATH, "page": URL, "film": ID, "seconds": N, "everySeconds": N}'
 */

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../client/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const asked = JSON.parse(process.argv[2]);
const samples = [];
const MAX_DEPTH = 8;

/** This script, where it began the process, however far up. */
function ancestor(process, depth) {
  const parent = /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, 'latin1'))[1];
  return parent === String(globalThis.process.pid) || depth === 0 || parent === '0' ? parent : ancestor(parent, depth - 1);
}

/** Resident megabytes of the renderers. */
function resident() {
  let kilobytes = 0;
  for (const process of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${process}/cmdline`, 'latin1').includes('--type=renderer')) continue;
      if (ancestor(process, MAX_DEPTH) !== String(globalThis.process.pid)) continue;
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, 'latin1'))?.[1] ?? 0);
    } catch {
      // A process that ended meanwhile.
    }
  }
  return kilobytes / 1000;
}

async function sample(session) {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((one) => one.name === name).value;
  samples.push({ heap_mb: of('JSHeapUsedSize') / 1e6, process_mb: resident(), nodes: of('Nodes') });
}

const args = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--autoplay-policy=no-user-gesture-required'];
const browser = await chromium.launch({ executablePath: asked.chromium, args });
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const blocks = new Set();
  context.on('request', (request) => request.url().includes('/ipfs/') && blocks.add(request.url()));
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('.begin').waitFor();
  await page.evaluate(() => {
    window.waits = -1; // The first wait is the begin.
    document.querySelector('video').addEventListener('waiting', () => window.waits++);
  });
  await page.locator('.begin').click();
  const deadline = Date.now() + asked.seconds * 3_000;
  while (!(await page.evaluate(() => document.querySelector('video').ended))) {
    if (Date.now() > deadline) throw new Error('found a film that took three times as long as it is, expected its end');
    await page.waitForTimeout(asked.everySeconds * 1000);
    await sample(session);
  }
  const told = await page.evaluate(() => {
    const video = document.querySelector('video');
    const quality = video.getVideoPlaybackQuality();
    return { played_s: video.currentTime, waits: Math.max(0, window.waits), frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames };
  });
  console.log(JSON.stringify({ ...told, samples, blocks: blocks.size }));
} finally {
  await browser.close();
}
