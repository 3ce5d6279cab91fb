// Installing: what a browser asks of an app, and what the app shows when its server is out of reach.
// An installed app lives in a browser that remembers, so these run in a profile of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "@playwright/test";
import config from "../playwright.config.js";
import { someProjects } from "../support/history.js";
import { expect, test as base } from "../support/test.js";

const test = base.extend<{ profile: BrowserContext }>({
  profile: async ({ paired, viewport }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "orchestra-profile-"));
    const context = await chromium.launchPersistentContext(folder, { ...config.use?.launchOptions, viewport });
    await context.addCookies(paired.cookies);
    await use(context);
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  },
});

test.use({ history: { write: someProjects } });

test("browsers offer to install it", async ({ profile, server }) => {
  const page = profile.pages()[0]!;
  await page.goto(`${server.origin}/sessions`);
  const browser = await profile.newCDPSession(page);
  const manifest = await browser.send("Page.getAppManifest");
  expect(manifest.errors).toEqual([]);
  const { installabilityErrors } = await browser.send("Page.getInstallabilityErrors");
  expect(installabilityErrors).toEqual([]);
  const { icons, shortcuts } = JSON.parse(manifest.data!);
  expect(icons.map((icon: { purpose: string }) => icon.purpose)).toContain("maskable");
  for (const { src } of [...icons, ...shortcuts.flatMap((shortcut: { icons: unknown[] }) => shortcut.icons)]) {
    expect((await page.request.get(`${server.origin}${src}`)).status(), src).toBe(200);
  }
});

test("pulling down at the top loads the page anew, where the system has no gesture for it", async ({ profile, server }) => {
  const page = profile.pages()[0]!;
  // Only an iPhone or iPad says so, and only to an app that was installed.
  await page.addInitScript(() => Object.defineProperty(navigator, "standalone", { value: true }));
  await page.goto(`${server.origin}/sessions`);
  const devtools = await profile.newCDPSession(page);
  const pull = async (to: number) => {
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", y?: number) =>
      devtools.send("Input.dispatchTouchEvent", { type, touchPoints: y === undefined ? [] : [{ x: 200, y }] });
    await touch("touchStart", 12);
    await touch("touchMove", to);
    await touch("touchEnd");
  };
  await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));
  await pull(92);
  expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBe(true);
  const loaded = page.waitForEvent("load");
  await pull(232);
  await loaded;
  expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBeUndefined();
});

test("without its server the shell says so, and comes back by itself", async ({ profile, server }) => {
  const page = profile.pages()[0]!;
  await page.goto(`${server.origin}/sessions`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await profile.setOffline(true);
  await page.goto(`${server.origin}/sessions`);
  await expect(page.getByRole("heading")).toContainText("Orchestra does not answer");
  await profile.setOffline(false);
  await page.goto(`${server.origin}/sessions`);
  await expect(page.locator(".row-link").first()).toBeVisible();
});
