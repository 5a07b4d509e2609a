/** The page while its node is away: it opens all the same, says so, and keeps nothing of what the node said. */

import { asked, forgive, inspect, keep, open, run, told } from './browser.mjs';

run(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 834, height: 1040 } });
  const page = await open(context);
  await page.goto(asked.page);
  await page.locator('h3').first().waitFor();
  told.scope = await page.evaluate(async () => new URL((await navigator.serviceWorker.ready).scope).pathname);
  await page.goto(`${asked.page}/me`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.goto(asked.page);
  await page.waitForLoadState('networkidle');
  told.kept = await page.evaluate(async () => {
    const requests = await (await caches.open('cinepeer-page')).keys();
    return [...new Set(requests.map((one) => new URL(one.url).pathname.split('/')[1]))].sort();
  });
  told.manifest = await page.evaluate(async () => (await (await fetch('/manifest.webmanifest')).json()).name);

  const before = told.complaints.length;
  await context.setOffline(true);
  await page.goto(`${asked.page}/me`);
  await page.getByText('The node is away.').waitFor();
  told.away = await page.locator('h1').textContent();
  told.style = await page.evaluate(() => getComputedStyle(document.querySelector('.page-name')).textTransform);
  await inspect(page, 'away');
  await keep(page, 'away-834');
  await page.goto(`${asked.page}/film/${encodeURIComponent(asked.film)}`);
  await page.getByText('The node is away.').waitFor();
  told.names = await page.getByText(asked.name, { exact: true }).count();
  await context.setOffline(false);
  await page.getByText('The node is away.').waitFor({ state: 'detached' });
  await page.goto(asked.page);
  told.back = await page.locator('h3').first().textContent();
  forgive(before);
  await context.close();
});
