// The binary starts, a browser is paired, and the page that it gets wakes up without a word on the console.
import { expect, test } from "../support/test.js";

test("the dashboard opens", async ({ page }) => {
  const answer = await page.goto("/");
  expect(answer?.status()).toBe(200);
  await expect(page).toHaveTitle(/Orchestra/);
});

test("a browser that was never paired is told so and sees nothing", async ({ browser, server }) => {
  const stranger = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const answer = await stranger.request.get(`${server.origin}/`, { maxRedirects: 0 });
  expect([302, 303, 307, 401, 403]).toContain(answer.status());
  await stranger.close();
});
