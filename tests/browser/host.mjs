/**
 * A host's way through the node's page: neighbours, disk, bandwidth, keys; and another cap.
 *
 * usage: node host.mjs '{"page": URL, "chromium": PATH, "pictures": FOLDER, "peer": MULTIADDR, "film": NAME}'
 */

import { asked, forgive, inspect, keep, open, run, survey, told } from './browser.mjs';

const flat = (text) => text.replace(/\s+/g, ' ').trim();

/** Waits for `name` among what is held: the node takes it by itself once it has heard of it. */
async function held(page, name) {
  const line = page.locator('section[aria-labelledby="hosting"] li', { hasText: name });
  for (let asked = 0; asked < 60 && !(await line.isVisible()); asked++) {
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

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1040 }, locale: 'en-GB', colorScheme: 'light' });
  const page = await open(context);
  await join(page);
  await look(page);
  await change(page);
  await page.close();
  await play(context);
  await context.close();
  await survey(browser, { '/node': 'node' });
});
