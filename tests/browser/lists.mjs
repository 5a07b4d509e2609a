/**
 * A viewer's lists on the page of a real node: a film opens to its sum and to what would change it, wishes change the
 * list, and ratings from another site come in privately and are signed after one question.
 */

import { asked, inspect, keep, open, run, told } from './browser.mjs';

await run(async (browser) => {
  for (const [width, locale, colorScheme] of [[1440, 'en-GB', 'light'], [390, 'zh-CN', 'dark']]) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1040 }, locale, colorScheme });
    const page = await open(context);
    await page.goto(asked.page);
    await page.getByRole('button', { name: locale === 'en-GB' ? 'why' : '为什么' }).first().click();
    const sheet = page.locator('dialog[open]');
    await sheet.locator('ol li').first().waitFor();
    await sheet.locator('p.people').first().waitFor();
    await sheet.locator('summary').first().click();
    await sheet.locator('input[type=range]').first().waitFor();
    await inspect(page, `why-${width}`);
    await keep(page, `lists-why-${width}`);
    if (width === 1440) await wishes(page, sheet);
    await page.goto(`${asked.page}/me`);
    await page.locator('input[type=file]').waitFor();
    await page.locator('details.fair > summary').click();
    await page.locator('details.fair p.hint').first().waitFor();
    await inspect(page, `me-${width}`);
    if (width === 1440) await whyNot(page);
    if (width === 1440) await imports(page);
    await keep(page, `lists-me-${width}`, true);
    await page.goto(`${asked.page}/audit`);
    await page.locator('input[type=file]').setInputFiles(asked.receipt);
    await page.locator('#verdict .pass').waitFor();
    told[`receipt-${width}`] = await page.locator('#verdict').textContent();
    await context.close();
  }
});

async function wishes(page, sheet) {
  told.why = (await sheet.textContent()).replace(/\s+/g, ' ').trim();
  await sheet.locator('input[type=range]').first().fill('50');
  await sheet.getByRole('combobox', { name: 'A rule' }).selectOption('not seen');
  await sheet.getByRole('button', { name: 'Add the rule' }).click();
  await sheet.getByRole('button', { name: 'Drop “not seen”' }).waitFor();
  await sheet.getByRole('radio', { name: 'What you rated last' }).check();
  await sheet.getByRole('button', { name: 'Forget this rating here' }).first().click();
  told.forgotten = await sheet.locator('.said.pass').textContent();
  await sheet.getByRole('button', { name: 'Back to how it was' }).click();
  await page.waitForResponse((answer) => answer.url().includes('/api/recommendations'));
}

async function whyNot(page) {
  told.fair = await page.locator('details.fair p.hint').first().textContent();
  await page.getByLabel('Why not this film?').fill('First Light');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('is not in your list: you rated it').waitFor();
  await page.getByLabel('Why not this film?').fill('Second Light');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('is in your list, in place 1').waitFor();
}

async function imports(page) {
  await page.locator('input[type=file]').setInputFiles(asked.export);
  await page.getByRole('button', { name: 'Keep them privately' }).click();
  told.kept = await page.locator('.said.pass').textContent();
  await page.getByRole('button', { name: 'Publish them …' }).click();
  await inspect(page, 'import');
  await keep(page, 'lists-import', true);
  await page.getByRole('button', { name: 'Sign and publish' }).click();
  await page.locator('.said.pass', { hasText: 'published' }).waitFor();
}
