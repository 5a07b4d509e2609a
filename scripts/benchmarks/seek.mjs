/**
 * Measures seeks in Chromium: from setting the time until the very frame of that time is shown, told by the number that
 * each frame of the film carries in its picture. Prints one line of JSON.
 *
 * usage: node seek.mjs '{"chromium": PATH, "page": URL, "film": ID, "rate": 24, "bar": {"left", "top", "cell", "bits", "width", "height"}, "places": [SECONDS, …]}'
 */

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../client/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const asked = JSON.parse(process.argv[2]);
const ARGS = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--autoplay-policy=no-user-gesture-required'];

/** Runs in the page: one seek, and how long it took until its frame was seen; null where it was not within the patience. */
async function seek({ place, rate, bar, patienceMs }) {
  // The picture begins a few frames into the timeline (frames are coded in another order than shown).
  const NEAR = 3;
  const video = document.querySelector('video');
  // Of one size, whatever rendition is shown: it may change on the way.
  const canvas = new OffscreenCanvas(bar.width, bar.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const number = () => {
    context.drawImage(video, 0, 0, bar.width, bar.height);
    const row = context.getImageData(0, Math.round(bar.top), bar.width, 1).data;
    const level = (cell) => row[4 * Math.round(bar.left + (cell + 0.5) * bar.cell)];
    const [white, black] = [level(0), level(bar.bits + 1)];
    if (white - black < 64) return null;
    let found = 0;
    for (let bit = 0; bit < bar.bits; bit++) found = 2 * found + Number(level(bit + 1) > (white + black) / 2);
    return found;
  };
  const wanted = Math.floor(place * rate);
  const isBuffered = [...Array(video.buffered.length).keys()].some((n) => video.buffered.start(n) <= place && place < video.buffered.end(n));
  const began = performance.now();
  video.currentTime = place;
  while (performance.now() - began < patienceMs) {
    const shown = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), 50);
      video.requestVideoFrameCallback(() => (clearTimeout(timer), resolve(performance.now())));
    });
    if (Math.abs((number() ?? Infinity) - wanted) <= NEAR) return { ms: (shown ?? performance.now()) - began, isBuffered };
  }
  return { ms: null, isBuffered, wanted, seen: number() };
}

const browser = await chromium.launch({ executablePath: asked.chromium, args: ARGS });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const told = { far: [], near: [], missed: [] };
  for (const place of asked.places) {
    // Each time a fresh player, which has read the beginning alone.
    await page.goto(`${asked.page}/film/${asked.film}`, { waitUntil: 'networkidle' });
    await page.locator('.begin').click();
    await page.waitForFunction(() => document.querySelector('video').currentTime > 0.2);
    await page.locator('video').evaluate((video) => video.pause());
    for (const at of [place, place + 1]) {
      const { ms, isBuffered, wanted, seen } = await page.evaluate(seek, { ...asked, place: at, patienceMs: 20_000 });
      if (ms === null) told.missed.push([wanted, seen]);
      else told[isBuffered ? 'near' : 'far'].push(ms);
    }
  }
  console.log(JSON.stringify(told));
} finally {
  await browser.close();
}
