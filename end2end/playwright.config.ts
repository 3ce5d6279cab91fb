// Two sizes, one browser: the system's Chromium, which `cargo xtask test` finds and names in ORCHESTRA_CHROMIUM.
// Without that variable Playwright's own is used (`npx playwright install chromium`).
import { defineConfig } from "@playwright/test";
import { zone } from "./support/zone.js";

const executablePath = process.env.ORCHESTRA_CHROMIUM || undefined;
const runsAsRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  reporter: [["list"], ["./support/failures.ts"]],
  forbidOnly: Boolean(process.env.CI),
  // A journey that passes only on its second try has shown a fault all the same: the summary of the checks names it.
  retries: process.env.CI ? 1 : 0,
  workers: 1,
  timeout: 60_000,
  // A real client takes its time on a machine that does other things too.
  expect: { timeout: 30_000 },
  use: {
    browserName: "chromium",
    locale: "en-GB",
    timezoneId: zone,
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        // Chromium refuses its sandbox to root, which is what continuous integration runs as.
        ...(runsAsRoot ? ["--no-sandbox"] : []),
      ],
    },
  },
  projects: [
    {
      name: "phone",
      use: {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        hasTouch: true,
        isMobile: true,
      },
    },
    {
      name: "desktop",
      use: { viewport: { width: 1440, height: 900 } },
    },
  ],
});
