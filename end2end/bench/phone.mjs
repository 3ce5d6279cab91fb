// The browser's part of `cargo xtask bench web`: a phone with a processor four times as slow shows an agent that writes.
//
// It is told what to look at by a line of JSON on standard input, and says what it measured by lines of JSON: first on the
// page as it rests, then, after a second line, while agents write.
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";

/** How many times slower the page's processor is. */
const THROTTLING = 4;
/** How fast a finger scrolls, in pixels a second, and how far before it turns round. */
const SPEED = 1_500;
const DISTANCE = 1_500;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (what) => console.log(JSON.stringify(what));

/** Runs in the page: notes when words that carry the time of their writing are painted, and how long frames take. */
function watch(clockOffset) {
  const seen = { pixels: [], frames: [], own: [] };
  let newest = 0;
  // The next task after a frame's callbacks comes when it is painted.
  const afterPaint = (then) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
  const written = () => {
    // Only the last lines are looked at: looking costs the page time as well.
    const shown = document.querySelector(".writing .plain")?.lastElementChild;
    const words = `${shown?.previousElementSibling?.textContent ?? ""}${shown?.textContent ?? ""}`;
    const stamps = [...words.matchAll(/"sent_ns":(\d+)/g)];
    const fresh = stamps.map((stamp) => Number(stamp[1])).filter((stamp) => stamp > newest);
    if (fresh.length === 0) return;
    newest = Math.max(...fresh);
    afterPaint(() => {
      const now = Date.now();
      seen.pixels.push(...fresh.map((stamp) => now - (stamp / 1e6 + clockOffset)));
    });
  };
  new MutationObserver(written).observe(document.body, { subtree: true, childList: true, characterData: true });
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  // The reference: words of the page's own, from the moment they are put there to the pixel.
  const mark = document.body.appendChild(document.createElement("output"));
  mark.style.cssText = "position:fixed;inset:0 auto auto 0;font-size:8px";
  // Seldom: each costs the page a frame that it would not have to make.
  setInterval(() => {
    const begun = performance.now();
    mark.textContent = String(Math.round(begun));
    afterPaint(() => seen.own.push(performance.now() - begun));
  }, 200);
  globalThis.takeSeen = () => {
    const taken = { ...seen };
    Object.assign(seen, { pixels: [], frames: [], own: [] });
    return taken;
  };
}

const percentile = (figures, percent) => {
  const sorted = figures.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? null;
};
const times = (figures) => ({ p50: percentile(figures, 50), p99: percentile(figures, 99), count: figures.length });
const rate = (frames) => (frames.length * 1000) / frames.reduce((sum, frame) => sum + frame, 0);

const { link, path, clockOffset, seconds } = await hear();
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({
  executablePath: process.env.ORCHESTRA_CHROMIUM || undefined,
  args: isRoot ? ["--no-sandbox"] : [],
});
try {
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
  const page = await browser.newPage(phone);
  await page.goto(link);
  await page.waitForURL((url) => url.pathname === "/");
  await page.goto(new URL(path, link).href);
  await page.locator(".writing").waitFor({ state: "attached" });
  await page.waitForTimeout(2_000);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: THROTTLING });
  await page.evaluate(watch, clockOffset);

  const taken = () => page.evaluate(() => globalThis.takeSeen());
  /** A finger goes up and down the conversation for a time. */
  const scroll = async () => {
    const until = Date.now() + seconds * 1000;
    for (let sign = 1; Date.now() < until; sign = -sign) {
      await devtools.send("Input.synthesizeScrollGesture", {
        x: 195, y: 400, yDistance: sign * DISTANCE, speed: SPEED, gestureSourceType: "touch",
      });
    }
  };
  const rest = async () => {
    await taken();
    await page.waitForTimeout(seconds * 1000);
    return taken();
  };
  const scrolled = async () => {
    await taken();
    await scroll();
    return taken();
  };
  const quiet = { rest: await rest(), scroll: await scrolled() };
  say({
    frames: rate(quiet.rest.frames), own: times(quiet.rest.own),
    scrollFrames: rate(quiet.scroll.frames), scrollFrame: times(quiet.scroll.frames),
  });

  await hear();
  await page.waitForFunction(() => document.querySelector(".writing")?.textContent?.includes("sent_ns"), null, {
    timeout: 60_000,
  });
  const busy = { rest: await rest(), scroll: await scrolled() };
  say({
    pixel: times(busy.rest.pixels), own: times(busy.rest.own), frames: rate(busy.rest.frames),
    scrollPixel: times(busy.scroll.pixels), scrollFrames: rate(busy.scroll.frames),
    scrollFrame: times(busy.scroll.frames),
  });
} finally {
  await browser.close();
}
process.exit(0);
