/**
 * A viewer's way through the page of a real node, in Firefox by WebDriver BiDi: finds a film, plays it, rates it, sees why,
 * and audits it. Prints one line of JSON: what was seen, and all that a page must not do.
 *
 * usage: node viewer.mjs '{"page": URL, "film": ID, "firefox": PATH, "profile": FOLDER, "pictures": FOLDER}'
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const asked = JSON.parse(process.argv[2]);
const PATIENCE_MS = 60_000;
const told = { complaints: [], abroad: [] };

// Firefox's own services would speak to the network; the page is watched below.
const PREFERENCES = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'media.autoplay.default': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'intl.accept_languages': 'en-GB',
};

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: asked.firefox,
  userDataDir: asked.profile,
  headless: true,
  extraPrefsFirefox: PREFERENCES,
  timeout: PATIENCE_MS,
});

const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent.replace(/\s+/g, ' ').trim());

async function keep(page, name) {
  if (!asked.pictures) return;
  mkdirSync(asked.pictures, { recursive: true });
  await page.screenshot({ path: join(asked.pictures, `firefox-${name}.png`) });
}

async function open() {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewport({ width: 1440, height: 1040 });
  page.on('console', (line) => ['error', 'warn'].includes(line.type()) && told.complaints.push(`${line.type()}: ${line.text()}`));
  page.on('pageerror', (error) => told.complaints.push(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http') && host !== new URL(asked.page).host) told.abroad.push(request.url());
  });
  return page;
}

/** From the films to the first seconds of one, each block checked. */
async function play(page) {
  await page.goto(`${asked.page}/`);
  await page.waitForSelector(`a[href="/film/${asked.film}"]`);
  // By the element, not by its place: rows that come late move it.
  await page.$eval(`a[href="/film/${asked.film}"]`, (link) => link.click());
  await page.waitForSelector('button.version');
  told.name = await textOf(page, 'h1.film-name');
  await page.click('.begin');
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  told.frames = await page.$eval('video', (video) => video.getVideoPlaybackQuality().totalVideoFrames);
  told.proof = await textOf(page, 'span.proof');
  await keep(page, 'playing');
}

/** The key is made in this browser, and cannot be taken out of it. */
async function rate(page) {
  await page.$eval('input[name="stars"][value="9"]', (input) => input.click());
  await page.waitForSelector('.ask .btn.primary');
  await page.$eval('.ask .btn.primary', (button) => button.click());
  await page.waitForSelector('.mine .num');
  told.rated = await textOf(page, '.mine .value');
  told.signed = await textOf(page, '.mine .under span');
  await page.waitForSelector('.next .quiet');
  await page.$eval('.next .quiet', (button) => button.click());
  await page.waitForSelector('dialog[open] ol');
  told.why = await textOf(page, 'dialog[open]');
  await keep(page, 'why');
}

/** What was signed is still there after the page was left. */
async function comeBack(page) {
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.waitForSelector('.mine .value');
  told.ratedStill = await textOf(page, '.mine .value');
}

/** The evidence of a film, gathered by the node and checked step by step in the browser. */
async function audit(page) {
  await page.goto(`${asked.page}/audit`);
  const gather = await page.waitForSelector('main ::-p-text(Gather)');
  await gather.evaluate((button) => button.click());
  await page.waitForSelector('section[aria-labelledby="check"] h3');
  told.audit = await textOf(page, '#verdict .said');
  told.steps = await page.$$eval('ol.steps > li', (steps) => steps.length);
  await keep(page, 'audit');
}

try {
  const page = await open();
  await play(page);
  await rate(page);
  await comeBack(page);
  await audit(page);
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
