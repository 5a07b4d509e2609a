/**
 * The node ends and starts again under an open page: what the page says, and that nothing is lost.
 * Prints "ready" when the node may be ended and "away" when the page says so; waits for a line on its input after each,
 * then tells.
 *
 * usage: node restart.mjs '{"page": URL, "film": ID, "chromium": PATH}'
 */

import { once } from 'node:events';
import { asked, forgive, open, run, told } from './browser.mjs';

await run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 834, height: 1040 }, locale: 'en-GB' });
  const page = await open(context);
  const status = page.locator('.mine .under');
  await page.goto(`${asked.page}/film/${asked.film}`);
  await page.locator('input[name="stars"][value="6"]').click();
  await page.locator('.ask .btn.primary').click();
  await page.locator('.mine .num').waitFor();

  // The answer to a rating is lost on the way: the record is kept here and not signed a second time.
  const before = told.complaints.length;
  await context.route('**/api/records', (route) => route.abort());
  await page.locator('input[name="stars"][value="9"]').click();
  await page.getByText('Signed and kept in this browser.').waitFor();
  await context.unroute('**/api/records');

  console.log('ready');
  await once(process.stdin, 'data');
  await page.getByText('The node is away.').waitFor();
  told.isAway = true;
  console.log('away');
  await once(process.stdin, 'data');
  await page.getByText('The node is away.').waitFor({ state: 'detached' });
  await page.getByText('Signed in this page by its own key.').waitFor();
  told.settled = (await status.locator('span').first().textContent()).replace(/\s+/g, ' ').trim();

  // A write needs the cookie of the node as it runs now.
  await page.goto(`${asked.page}/me`);
  await page.getByRole('button', { name: 'Let the node sign' }).click();
  await page.getByRole('button', { name: 'Let this page sign for you' }).waitFor();
  await page.getByRole('button', { name: 'Let this page sign for you' }).click();
  await page.locator('section:has(#signer) dd.edge').waitFor();
  told.device = await page.locator('section:has(#signer) dd.edge').textContent();
  forgive(before);
  await context.close();
  process.stdin.destroy();
});
