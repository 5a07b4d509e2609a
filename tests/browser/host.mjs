/**
 * A host's way through the node's page: neighbours, disk, bandwidth, keys; and another cap.
 *
 * usage: node host.mjs '{"page": URL, "chromium": PATH, "pictures": FOLDER, "peer": MULTIADDR, "film": NAME,
 * "copy": PATH}'
 */

import { asked, forgive, inspect, keep, open, run, survey, told } from './browser.mjs';

const flat = (text) => text.replace(/\s+/g, ' ').trim();

/** Waits for `name` among what is held and told: the node takes it by itself once it has heard of it, and says so. */
async function held(page, name) {
  const line = page.locator('section[aria-labelledby="hosting"] li', { hasText: name });
  const isTold = line.filter({ hasText: '2 nodes say' });
  for (let asked = 0; asked < 60 && !(await isTold.isVisible()); asked++) {
    await page.waitForTimeout(1_000);
    await page.reload();
    await page.locator('section[aria-labelledby="hosting"] h3').first().waitFor();
  }
  return flat(await line.textContent());
}

async function join(page) {
  await page.goto(`${asked.page}/node`);
  const form = page.locator('section[aria-labelledby="neighbours"] form');
  const before = told.complaints.length;
  await form.getByRole('textbox').fill('not an address');
  await form.getByRole('button').click();
  await page.locator('.said.fail').waitFor();
  told.wrongAddress = flat(await page.locator('.said.fail').textContent());
  forgive(before);
}

async function look(page) {
  await page.locator('table tbody tr').first().waitFor();
  told.held = await held(page, asked.film);
  await page.getByRole('button', { name: 'Reconcile now' }).click();
  await page.locator('.said.pass').waitFor();
  told.synced = flat(await page.locator('.said.pass').textContent());
  const table = page.locator('section[aria-labelledby="neighbours"] table');
  // The table is asked for anew once the nodes have reconciled.
  await table.locator('tbody td', { hasText: '0 records' }).first().waitFor();
  told.columns = await table.locator('thead th').allTextContents();
  told.peer = (await table.locator('tbody tr').first().locator('td').allTextContents()).map(flat);
  told.bandwidth = flat(await page.locator('section[aria-labelledby="neighbours"] .meta').first().textContent());
  told.ledger = flat(await page.locator('section[aria-labelledby="ledger"]').textContent());
  const notices = await page.locator('footer a').getAttribute('href');
  told.notices = await page.evaluate(async (path) => (await fetch(path)).text(), notices);
  told.keys = (await page.locator('section[aria-labelledby="keys"] tbody tr').allTextContents()).map(flat);
}

async function change(page) {
  const hosting = page.locator('section[aria-labelledby="hosting"]');
  const field = hosting.getByLabel('Disk cap in GB');
  const button = hosting.getByRole('button', { name: 'Change the cap' });
  const words = hosting.locator('#follows');
  await field.fill('a lot');
  told.wrong = flat(await words.textContent());
  await field.fill('0.001');
  told.under = flat(await words.textContent());
  await inspect(page, 'cap under');
  await button.click();
  await words.locator('.said', { hasText: 'The cap is' }).waitFor();
  told.lowered = flat(await words.textContent());
  told.stillHeld = flat(await hosting.locator('li', { hasText: asked.film }).textContent());
  await field.fill('2.5');
  told.more = flat(await words.textContent());
  await field.press('Enter');
  await words.locator('.said.pass', { hasText: '2.5 GB' }).waitFor();
  told.raised = flat(await words.textContent());
  await keep(page, 'node-cap-1440-light', true);
  await page.reload();
  await field.waitFor();
  told.kept = await field.inputValue();
}

/** A newer version that neighbours run is told at the top, and nothing is fetched for it. */
async function newer(page) {
  const versions = { own: '0.1.0', said: 5, newer: 3, newest: '0.2.0' };
  await page.route('**/api/neighbourhood', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), versions } });
  });
  await page.goto(`${asked.page}/node`);
  const line = page.locator('.well li', { hasText: '0.2.0' });
  await line.waitFor();
  told.newer = flat(await line.textContent());
  await inspect(page, 'newer');
  await keep(page, 'node-newer-1440-light');
  await page.unroute('**/api/neighbourhood');
}

/** The next root follows the one that speaks, once what follows from it was read. */
async function rotate(page) {
  const keys = page.locator('section[aria-labelledby="keys"]');
  await keys.getByRole('button', { name: 'Let the next root key follow' }).click();
  const sheet = page.getByRole('dialog');
  told.rotating = flat(await sheet.textContent());
  await inspect(page, 'rotate');
  await keep(page, 'node-rotate-1440-light');
  await sheet.getByRole('button', { name: 'Let the next root follow, for good' }).click();
  await keys.locator('td', { hasText: 'followed by another root' }).waitFor();
  told.rotated = (await keys.locator('tbody tr').allTextContents()).map(flat);
}

async function play(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/`);
  await page.locator('a[href^="/film/"]', { hasText: asked.film }).first().click();
  const video = page.locator('video');
  await video.waitFor();
  await page.locator('.begin').click();
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 1);
  told.frames = await video.evaluate((element) => element.getVideoPlaybackQuality().totalVideoFrames);
  await page.close();
}

/** A film like one of others waits for its creator's word, and gives that one its share. */
async function decide(context) {
  const page = await open(context);
  await page.goto(`${asked.page}/studio`);
  await page.getByLabel('Another version of a film of yours').check();
  await page.getByLabel('Of which film').waitFor();
  told.versionOf = await page.getByLabel('Of which film').locator('option').allTextContents();
  told.asksName = await page.getByLabel('Name of the film').isVisible();
  await inspect(page, 'another version');
  await page.locator('input[name="kind"]').first().check();
  await page.locator('.drop input[type="file"]').setInputFiles(asked.copy);
  await page.locator('.word .pass').waitFor();
  await page.getByLabel('Name of the film').fill('A Few Seconds');
  await page.getByLabel('Register the title').check();
  await page.locator('form .primary').click();
  const near = page.getByRole('group', { name: 'Films that this one is like' });
  await near.waitFor({ timeout: 60_000 });
  told.near = flat(await near.textContent());
  await inspect(page, 'films that it is like');
  await near.getByLabel('Share of your title').fill('12.5');
  await near.getByRole('button', { name: 'It is made from' }).click();
  const job = page.locator('article', { hasText: 'A Few Seconds' });
  await job.locator('.said.pass').waitFor({ timeout: 60_000 });
  await job.getByRole('link', { name: 'To the film' }).click();
  told.madeFrom = await page.locator('dl.pairs > div').filter({ hasText: 'Made from' }).locator('a').getAttribute('href');
  const box = page.locator('section[aria-labelledby="rights"]');
  await box.locator('.bar').waitFor();
  told.shares = await box.locator('.pairs dd').allTextContents();
  await page.close();
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB', colorScheme: 'light' });
  const page = await open(context);
  await join(page);
  await look(page);
  await change(page);
  await newer(page);
  await rotate(page);
  await page.close();
  await play(context);
  await decide(context);
  await context.close();
  await survey(browser, { '/node': 'node' });
});
