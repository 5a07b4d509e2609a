/** Chromium that speaks to one node alone, and an ear for everything that a page must not do. */

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

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
    if (['error', 'warning'].includes(message.type())) told.complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => told.complaints.push(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (!['blob:', 'data:'].includes(protocol) && host !== new URL(asked.page).host) told.abroad.push(request.url());
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
