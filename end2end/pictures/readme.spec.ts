// Pictures of Now, of an agent and of what it came to, at a phone's and a desk's size, light and dark; and a short recording
// of answering, reading and merging on the phone.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type BrowserContextOptions, type Page } from "@playwright/test";
import { startDemo } from "../support/demo.js";

const DOCS = join(import.meta.dirname, "../../docs");
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true,
};
const DESK: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 };

const hydrated = (page: Page) => page.locator("html[data-hydrated]").waitFor({ state: "attached" });
const card = (page: Page, name: string) => page.locator(".agent-card", { hasText: name });

/** Until all of those who ask do, and whoever asks for nothing has played. */
async function settled(page: Page) {
  for (const [name, asks] of [["build-auth", "./test.sh"], ["write-tests", "Database"], ["optimise", "One query"]] as const) {
    await expect(card(page, name).locator(".ask")).toContainText(asks, { timeout: 60_000 });
  }
  await expect(page.locator(".now-part", { hasText: "Finished" }).locator(".agent-card").first()).toBeVisible({ timeout: 60_000 });
}

test("pictures", async ({ browser }) => {
  const demo = await startDemo(4);
  try {
    const first = await browser.newContext(PHONE);
    const page = await first.newPage();
    await page.goto(demo.pairing_url);
    await hydrated(page);
    await settled(page);
    const storageState = await first.storageState();
    const agent = await card(page, "build-auth").locator(".agent-link-row").getAttribute("href");
    const take = async (name: string, path: string, ready: string) => {
      for (const [size, options] of [["phone", PHONE], ["desktop", DESK]] as const) {
        for (const colorScheme of ["light", "dark"] as const) {
          const context = await browser.newContext({ ...options, colorScheme, storageState, reducedMotion: "reduce" });
          const shown = await context.newPage();
          await shown.goto(new URL(path, demo.url).href);
          await hydrated(shown);
          await shown.locator(ready).first().waitFor();
          await shown.screenshot({ path: join(DOCS, `${name}-${size}${colorScheme === "dark" ? "-dark" : ""}.png`) });
          await context.close();
        }
      }
    };
    await take("now", "/", ".ask");
    await take("agent", agent!, ".agent > .asks .ask");
    const docs = await card(page, "update-the-docs").locator(".agent-link-row").getAttribute("href");
    await take("result", `${docs}?tab=result`, ".work .take");
  } finally {
    await demo.end();
  }
});

test("recording", async ({ browser }) => {
  const demo = await startDemo(3);
  const frames = mkdtempSync(join(tmpdir(), "orchestra-frames-"));
  try {
    const context = await browser.newContext({ ...PHONE, deviceScaleFactor: 1.5 });
    const page = await context.newPage();
    await page.goto(demo.pairing_url);
    await hydrated(page);
    await settled(page);
    const finish = await record(page, frames);
    await show(page);
    finish(join(DOCS, "demo.webp"));
    await context.close();
  } finally {
    await demo.end();
    rmSync(frames, { recursive: true, force: true });
  }
});

/** What is shown: a tap answers one agent and a choice another, then the work of a third is read and taken. */
async function show(page: Page) {
  const pause = (seconds: number) => page.waitForTimeout(seconds * 1000);
  const build = card(page, "build-auth");
  await pause(2);
  await tap(page, build.getByRole("button", { name: "Allow", exact: true }));
  await pause(2);
  const tests = card(page, "write-tests");
  await tap(page, tests.locator(".choice").first());
  await pause(1);
  await tap(page, tests.getByRole("button", { name: "Answer" }));
  await pause(2.5);
  await tap(page, card(page, "update-the-docs").locator(".agent-link-row"));
  await expect(page.locator(".conversation .turn-reply").last()).toBeVisible();
  await pause(2.5);
  await tap(page, page.getByRole("link", { name: "Changes" }));
  await expect(page.locator(".work .changed-file").first()).toBeVisible();
  await pause(2.5);
  await tap(page, page.getByRole("link", { name: "Result" }));
  await expect(page.locator(".work .take")).toBeVisible();
  await pause(2);
  await tap(page, page.getByRole("button", { name: /^Merge into/ }));
  await expect(page.locator(".toast")).toContainText("main");
  await pause(3);
}

/** A tap that can be seen coming. */
async function tap(page: Page, what: ReturnType<Page["locator"]>) {
  await what.evaluate((element) => element.scrollIntoView({ block: "center", behavior: "smooth" }));
  await page.waitForTimeout(700);
  const box = (await what.boundingBox())!;
  await page.evaluate(([x, y]) => {
    const finger = document.createElement("div");
    Object.assign(finger.style, {
      position: "fixed", left: `${x! - 20}px`, top: `${y! - 20}px`, width: "40px", height: "40px", zIndex: "99",
      borderRadius: "50%", background: "rgb(90 90 120 / 0.45)", pointerEvents: "none",
    });
    document.body.append(finger);
    setTimeout(() => finger.remove(), 600);
  }, [box.x + box.width / 2, box.y + box.height / 2]);
  await page.waitForTimeout(350);
  await what.click();
}

/** Keeps what the page shows from now on; what it answers makes a moving picture of that. */
async function record(page: Page, folder: string): Promise<(file: string) => void> {
  const taken: { file: string; at: number }[] = [];
  const devtools = await page.context().newCDPSession(page);
  devtools.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
    const file = join(folder, `${String(taken.length).padStart(5, "0")}.png`);
    writeFileSync(file, Buffer.from(data, "base64"));
    taken.push({ file, at: metadata.timestamp ?? Date.now() / 1000 });
    void devtools.send("Page.screencastFrameAck", { sessionId });
  });
  await devtools.send("Page.startScreencast", { format: "png", everyNthFrame: 1 });
  return (file) => {
    const lines = taken.flatMap(({ file, at }, index) => {
      const until = taken[index + 1]?.at ?? at + 1.5;
      return [`file '${file}'`, `duration ${Math.max(until - at, 0.01).toFixed(3)}`];
    });
    writeFileSync(join(folder, "list.txt"), `${lines.join("\n")}\nfile '${taken.at(-1)!.file}'\n`);
    execFileSync("ffmpeg", [
      ..."-y -v error -f concat -safe 0 -i".split(" "), join(folder, "list.txt"),
      ..."-vf fps=10,scale=390:-2:flags=lanczos -c:v libwebp_anim -lossless 0 -q:v 70 -compression_level 6 -loop 0".split(" "),
      file,
    ]);
  };
}
