// A conversation of 50,000 turns: opened at its end, read anywhere, followed while it grows.
import type { Page } from "@playwright/test";
import { append, cart, long, LONG_TURNS, someProjects, writeSession } from "../support/history.js";
import { expect, test } from "../support/test.js";

test.use({
  history: {
    write(claudeFolder) {
      someProjects(claudeFolder);
      writeSession(claudeFolder, long);
    },
  },
});

/** The numbers of the questions and answers that the reader sees. */
async function seen(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const inView = [...document.querySelectorAll(".turn")].filter((turn) => {
      const { top, bottom } = turn.getBoundingClientRect();
      return bottom > 80 && top < window.innerHeight;
    });
    const numbers = inView.map((turn) => /(?:Question|Answer) (\d+)/.exec(turn.textContent ?? "")?.[1]);
    return numbers.filter((number) => number !== undefined).map(Number);
  });
}

const address = `/sessions/${long.id}`;

test("it opens at its end, and holds a window of it only", async ({ page, hydrated }) => {
  await page.goto(address);
  await hydrated();
  await expect(page.getByText("Answer 24999.")).toBeInViewport();
  expect(await page.locator(".turn").count()).toBeLessThan(500);
});

test("it opens at the turn that the address asks for", async ({ page, hydrated }) => {
  await page.goto(`${address}?at=20000`);
  await hydrated();
  await expect(page.getByText("Question 10000:")).toBeInViewport();
});

test("scrolling pages through it, in order and without holes", async ({ page, hydrated }) => {
  await page.goto(`${address}?at=20000`);
  await hydrated();
  await expect(page.getByText("Question 10000:")).toBeInViewport();
  let last = 10_000;
  for (let step = 0; step < 12; step += 1) {
    await page.evaluate(() => window.scrollBy(0, -window.innerHeight * 0.8));
    await expect.poll(async () => (await seen(page)).length, { message: "turns are drawn" }).toBeGreaterThan(0);
    const numbers = await seen(page);
    expect(numbers, "turns stand in their order").toEqual([...numbers].sort((one, other) => one - other));
    expect(numbers[0]).toBeLessThanOrEqual(last);
    expect(last - numbers[0]!, "nothing is skipped").toBeLessThan(60);
    last = numbers[0]!;
  }
  expect(last).toBeLessThan(9_990);
  expect(await page.locator(".turn").count()).toBeLessThan(500);
});

test("a far jump lands, and the end is one jump away", async ({ page, hydrated }) => {
  await page.goto(address);
  await hydrated();
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(page.getByText("Question 0:")).toBeInViewport();
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect.poll(async () => (await seen(page)).length).toBeGreaterThan(0);
  const [middle] = await seen(page);
  expect(Math.abs(middle! - LONG_TURNS / 4)).toBeLessThan(LONG_TURNS / 20);
});

test("loading again leads to the same place", async ({ page, hydrated }) => {
  await page.goto(`${address}?at=20000`);
  await hydrated();
  await page.evaluate(() => window.scrollBy(0, -window.innerHeight * 2.5));
  await expect.poll(async () => (await seen(page)).length).toBeGreaterThan(0);
  await expect.poll(() => new URL(page.url()).searchParams.get("at")).not.toBe("20000");
  const [before] = await seen(page);
  await page.reload();
  await hydrated();
  await expect.poll(async () => (await seen(page)).length).toBeGreaterThan(0);
  await expect.poll(async () => Math.abs((await seen(page))[0]! - before!)).toBeLessThanOrEqual(1);
});

test("what is appended appears, and calls when the reader is elsewhere", async ({ page, server, hydrated }) => {
  const path = `${server.claudeFolder}/projects/-home-ada-shop/${long.id}.jsonl`;
  await page.goto(address);
  await hydrated();
  await expect(page.getByText("Answer 24999.")).toBeInViewport();
  const mark = `${test.info().project.name}-${Date.now()}`;
  append(path, long, { prompt: `One more at the end, ${mark}.` });
  await expect(page.getByText(`One more at the end, ${mark}.`)).toBeInViewport();

  await page.evaluate(() => window.scrollBy(0, -window.innerHeight * 4));
  await page.waitForTimeout(600);
  append(path, long, { answer: `And an answer to it, ${mark}.` });
  await page.getByRole("button", { name: /1 new/ }).click();
  await expect(page.getByText(`And an answer to it, ${mark}.`)).toBeInViewport();
});

test("what is opened at the end stays where it was", async ({ page, hydrated }) => {
  await page.goto("/sessions/11111111");
  await hydrated();
  const command = page.locator(".turn-tool", { hasText: "cargo test" }).locator("summary").first();
  await command.scrollIntoViewIfNeeded();
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  const place = async () => (await command.boundingBox())!.y;
  const before = await place();
  await command.click();
  await page.waitForTimeout(300);
  expect(Math.abs((await place()) - before)).toBeLessThan(2);
});

test("details, the resume command and the exports are at hand", async ({ page, context, hydrated }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/sessions/11111111");
  await hydrated();
  const details = page.locator("#details");
  if (!(await details.isVisible())) {
    await page.getByRole("button", { name: "Details" }).click();
  }
  await details.getByRole("button", { name: "Copy resume command" }).click();
  await expect(details.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("claude --resume");
  for (const format of ["md", "txt", "json", "html"]) {
    const link = details.locator(`a[href$="export.${format}"]`);
    const answer = await page.request.get((await link.getAttribute("href"))!);
    expect(answer.status(), format).toBe(200);
    expect(await answer.text(), format).toContain("Basket");
  }
});

test("edits are drawn as diffs, code with its colours, tools folded", async ({ page, hydrated }) => {
  await page.goto("/sessions/11111111");
  await hydrated();
  // A small edit is open, a command folded.
  await expect(page.locator(".turn-edit .diff-line.is-added")).toContainText("pub struct Basket;");
  await expect(page.locator(".turn-reply .code-box .k").first()).toHaveText("pub");
  const command = page.locator(".turn-tool", { hasText: "cargo test" });
  await expect(command.getByText("41 passed")).toBeHidden();
  await command.locator("summary").first().click();
  await expect(command.getByText("41 passed")).toBeVisible();
});

test("what the reader opened stays open while the conversation grows", async ({ page, server, hydrated }) => {
  const path = `${server.claudeFolder}/projects/-home-ada-shop/${cart.id}.jsonl`;
  await page.goto("/sessions/11111111");
  await hydrated();
  const command = page.locator(".turn-tool", { hasText: "cargo test" });
  await command.locator("summary").first().click();
  const mark = `${test.info().project.name}-${Date.now()}`;
  append(path, cart, { answer: `And one thing more, ${mark}.` });
  await expect(page.getByText(`And one thing more, ${mark}.`)).toBeVisible();
  await expect(command.getByText("41 passed")).toBeVisible();
});
