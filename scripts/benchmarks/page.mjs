/**
 * Measures the page in Chromium and prints one line of JSON.
 *
 * usage: node page.mjs '{"chromium": PATH, "page": URL, "films": [ID, …]}'
 */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const WEB = new URL('../../client/web/', import.meta.url);
const require = createRequire(new URL('package.json', WEB));
const { chromium } = require('playwright-core');

const PAINTS = 7;
const ROUNDS = 6;
const STILL_MS = 500;
const asked = JSON.parse(process.argv[2]);
const told = {};

async function paint(browser) {
  told.fcp_s = [];
  for (let round = 0; round < PAINTS; round++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const names = new Set();
    page.on('request', (request) => names.add(new URL(request.url()).pathname.split('/').at(-1)));
    await page.goto(asked.page + '/', { waitUntil: 'load' });
    told.fcp_s.push(
      await page.evaluate(async () => {
        for (;;) {
          const [entry] = performance.getEntriesByName('first-contentful-paint');
          if (entry) return entry.startTime / 1000;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }),
    );
    told.initial = [...names];
    await context.close();
  }
}

/** From the click on a way of the head to the next screen painted. */
async function routes(page) {
  told.route_ms = [];
  await page.goto(asked.page + '/', { waitUntil: 'networkidle' });
  for (let round = 0; round < ROUNDS; round++) {
    for (const path of ['/studio', '/audit', '/node', '/me', '/']) {
      told.route_ms.push(
        await page.evaluate(async (path) => {
          const before = document.querySelector('main h1');
          const began = performance.now();
          document.querySelector(`nav a[href="${path}"]`).click();
          while (document.querySelector('main h1') === before) await new Promise((resolve) => setTimeout(resolve, 0));
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
          return performance.now() - began;
        }, path),
      );
      await page.waitForTimeout(50);
    }
  }
}

/** Waits until nothing was under way for a while; a change of screen is no loading to the browser, which would not wait. */
function stillness(page) {
  let underWay = 0;
  let sinceMs = Date.now();
  const count = (by) => () => ((underWay += by), (sinceMs = Date.now()));
  page.on('request', count(1));
  page.on('requestfinished', count(-1));
  page.on('requestfailed', count(-1));
  return async () => {
    while (underWay > 0 || Date.now() - sinceMs < STILL_MS) await page.waitForTimeout(20);
  };
}

/** From the click on Play, on a screen that asks for nothing any more, to the first frame shown: of every film once. */
async function frames(page, still) {
  const found = [];
  for (const film of asked.films) {
    await page.goto(asked.page + '/', { waitUntil: 'networkidle' });
    await page.locator(`a[href="/film/${film}"]`).first().click();
    await page.locator('.begin').waitFor();
    await still();
    found.push(
      await page.evaluate(async () => {
        const video = document.querySelector('video');
        const shown = new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(performance.now())));
        const began = performance.now();
        document.querySelector('.begin').click();
        return (await shown) - began;
      }),
    );
  }
  return found;
}

/** What a worker built from the page's own sources tells: its checks beside the same work by the library alone. */
async function inWorker(page, source) {
  const { build } = await import(new URL('node_modules/vite/dist/node/index.js', WEB));
  const built = await build({
    root: fileURLToPath(WEB),
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: { '@noble/ed25519': fileURLToPath(new URL('node_modules/@noble/ed25519/index.js', WEB)) } },
    build: { write: false, lib: { entry: fileURLToPath(new URL(source, import.meta.url)), formats: ['es'], fileName: 'measured' } },
  });
  const code = [built].flat()[0].output[0].code;
  // The page's own policy takes scripts of its origin alone, and so does this.
  await page.route('**/assets/measured.js', (route) => route.fulfill({ contentType: 'text/javascript', body: code }));
  await page.goto(asked.page + '/me', { waitUntil: 'networkidle' });
  const found = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/assets/measured.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      }),
  );
  await page.unroute('**/assets/measured.js');
  return found;
}

async function verify(page) {
  const blocks = await inWorker(page, 'page_verify.ts');
  [told.verify_ratio, told.verify_mb_s] = [blocks.ratios, blocks.mbPerS];
  const records = await inWorker(page, 'page_signatures.ts');
  [told.signature_ratio, told.signatures_s] = [records.ratios, records.perS];
}

/** A node that knows very many films: until they can be used, and the longest that the page answers to nobody. */
async function crowd(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(asked.crowd + '/');
  await page.locator('#all').waitFor();
  told.interactive_s = await page.evaluate(() => performance.now() / 1000);
  for (let round = 0; round < 3; round++) {
    const cards = await page.locator('h3').count();
    await page.locator('.more button').click();
    await page.waitForFunction((before) => document.querySelectorAll('h3').length > before, cards);
  }
  await page.waitForTimeout(1000);
  told.long_tasks_ms = await page.evaluate(() => window.longTasks);
  await context.close();
}

const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--autoplay-policy=no-user-gesture-required'],
});
try {
  await paint(browser);
  // The worker that keeps the program's files would answer for the worker that measures.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block' });
  const page = await context.newPage();
  await routes(page);
  const still = stillness(page);
  told.frame_ms = await frames(page, still);
  told.frame_local_ms = await frames(page, still);
  await verify(page);
  if (asked.crowd) await crowd(browser);
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
