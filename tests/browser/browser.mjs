/** Chromium that speaks to one node alone, and an ear for everything that a page must not do. */

import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const require = createRequire(new URL('../../client/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const PATIENCE_MS = 30_000;

// Chromium's own services would speak to the network; the pages are watched below.
const FLAGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--no-pings',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/** What was asked of this run, as the first word of the command line. */
export const asked = JSON.parse(process.argv[2]);

// The pages that this run opens: one node's, or those of several.
const HOMES = new Set([asked.page, ...(asked.others ?? [])].map((page) => new URL(page).host));

/** What was seen; the four lists have to stay empty. */
export const told = { complaints: [], abroad: [], overflows: [], barriers: [] };

/** Runs `journey(browser)` and prints what was told as one line of JSON. */
export async function run(journey) {
  const browser = await chromium.launch({ executablePath: asked.chromium, args: FLAGS });
  try {
    await journey(browser);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(told));
}

/** A new page that is listened to. */
export async function open(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) told.complaints.push(`${message.type()}: ${message.text()} ${message.location().url}`.trim());
  });
  page.on('pageerror', (error) => told.complaints.push(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (!['blob:', 'data:'].includes(protocol) && !HOMES.has(host)) told.abroad.push(request.url());
  });
  return page;
}

/** Notes what does not fit the window and what axe-core finds. */
export async function inspect(page, name) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (excess > 0) told.overflows.push(`${name}: ${excess} px`);
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const { id, nodes } of violations) {
    told.barriers.push(`${name}: ${id}: ${nodes.map((node) => node.target.join(' ')).slice(0, 3).join('; ')}`);
  }
}

/** Leaves out of the complaints since `before` those that were meant: a browser writes every failed request down. */
export function forgive(before, meant = 'Failed to load resource') {
  told.complaints.splice(before, told.complaints.length, ...told.complaints.slice(before).filter((line) => !line.includes(meant)));
}

/** Counts the blocks that the page or its worker asks for from now on. */
export function blocksOf(context) {
  const urls = new Set();
  context.on('request', (request) => request.url().includes('/ipfs/') && urls.add(request.url()));
  return urls;
}

/** Keeps a picture of the page as it stands, where pictures are wanted. */
export async function keep(page, name, isWhole = false) {
  if (!asked.pictures) return;
  mkdirSync(asked.pictures, { recursive: true });
  await page.screenshot({ path: join(asked.pictures, `${name}.png`), fullPage: isWhole });
}

/** Keeps it at three widths, `name` with each of them, and leaves the window as it was. */
export async function keepWide(page, name, isWhole = false) {
  const before = page.viewportSize();
  for (const [width, height] of [[1440, 1040], [834, 1112], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(300);
    await keep(page, `${name}-${width}-light`, isWhole);
  }
  await page.setViewportSize(before);
}

/** Every one of `screens` ({path: name}) in both languages, both lights and three widths: it fits, axe finds nothing. */
export async function survey(browser, screens) {
  for (const width of [1440, 834, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      for (const locale of ['en-GB', 'zh-CN']) {
        // Chinese is looked at where it is tightest.
        if (locale === 'zh-CN' && width !== 390) continue;
        const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1040 }, colorScheme, locale });
        const page = await open(context);
        for (const [path, name] of Object.entries(screens)) {
          const before = told.complaints.length;
          const answer = await page.goto(asked.page + path);
          await page.locator('main h1').first().waitFor({ state: 'attached' });
          await page.waitForLoadState('networkidle');
          const sort = `${name}-${width}-${colorScheme}${locale === 'zh-CN' ? '-zh' : ''}`;
          await inspect(page, sort);
          await keep(page, sort, true);
          // A path of no screen is answered with the page and the status that says so.
          if (answer.status() === 404) forgive(before);
        }
        await context.close();
      }
    }
  }
}
