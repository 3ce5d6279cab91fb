// Several agents and several browsers at once: what is shown, typed and pressed stays with the agent that it is about.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { accessible, card, expect, hydrated, spawnFrom, test, withoutServiceWorker, type Stage } from "../support/stage.js";
import { tap } from "../support/tap.js";

test.setTimeout(120_000);
test.use(withoutServiceWorker);

/** Starts agents in a terminal; answers their pages. */
const spawned = (stage: Stage, ...tasks: string[]): string[] =>
  JSON.parse(stage.orchestra("spawn", "--trust", "--json", ...tasks)).agents.map(({ id }: { id: string }) => `/agents/${id}`);

const agentAt = (stage: Stage, address: string): { state: string; worktree: string } =>
  JSON.parse(stage.orchestra("status", "--json")).agents.find(({ id }: { id: string }) => address.endsWith(id));

const stateOf = (stage: Stage, address: string) => agentAt(stage, address).state;

/** The agent's card in the column beside the page. */
const beside = (page: Page, address: string) => page.locator(`.list-column a[href="${address}"]`);

const onWideScreens = () => test.skip(Boolean(test.info().project.use.isMobile), "a phone has no column");

test("a choice is made by its words, and no name is there twice", async ({ open, stage }) => {
  const [address] = spawned(stage, "Ask for a colour [[ask Which colour? | Red | Blue]] [[say So be it.]]");
  const page = await open(address!);
  const asks = page.locator(".agent > .asks");
  await asks.getByText("Blue").click();
  await expect(asks.getByRole("radio", { name: "Blue" })).toBeChecked();
  const twice = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  });
  expect(twice).toEqual([]);
  await tap(asks.getByRole("button", { name: "Answer" }));
  await expect(page.locator(".desk-line .mark")).toContainText("idle");
});

test("the page of another agent has its own words and part", async ({ open, stage }) => {
  onWideScreens();
  const [one, other] = spawned(stage, "Write beside [[slow 400 100]]", "Write as well [[slow 400 100]]");
  const page = await open(one!);
  const words = page.locator(".writing .plain");
  for (const address of [other!, one!, other!]) {
    await expect(words).toContainText("word 3");
    await beside(page, address).click();
    await expect(page).toHaveURL(new RegExp(address));
  }
  await expect(words).toContainText("word 3");
  expect((await words.textContent())!.match(/\bword 1\b/g)).toHaveLength(1);

  await page.getByRole("link", { name: "Result", exact: true }).click();
  await beside(page, one!).click();
  await expect(page).toHaveURL(new RegExp(`${one}$`));
  await expect(page.getByRole("link", { name: "Talk", exact: true })).toHaveAttribute("aria-current", "page");
  await page.goBack();
  await expect(page.getByRole("link", { name: "Result", exact: true })).toHaveAttribute("aria-current", "page");
  stage.orchestra("stop", one!.split("/")[2]!);
  stage.orchestra("stop", other!.split("/")[2]!);
});

test("a long conversation opens at its end also from beside another", async ({ open, stage }) => {
  onWideScreens();
  const much = Array.from({ length: 40 }, (_, number) => `[[say ${number}: ${"many words ".repeat(40)}]]`).join(" ");
  const [long, short] = spawned(stage, `Talk at length ${much} [[bash touch long]]`, "Talk a little [[say Little.]]");
  const page = await open(short!);
  await expect.poll(() => stateOf(stage, long!)).toBe("waiting");
  await expect(page.locator(".conversation")).toContainText(/Little\.(?!\])/);
  await beside(page, long!).click();
  await expect(page.locator(".agent > .asks .ask")).toContainText("touch long");
  await expect(page.locator(".agent > .asks").getByRole("button", { name: "Allow", exact: true })).toBeInViewport();
});

test("what is being written is not drawn over while the agent works", async ({ open, stage }) => {
  const [address] = spawned(stage, "Keep writing [[slow 600 100]]");
  const page = await open(address!);
  await expect(page.locator(".writing .plain")).toContainText("word 3");
  await page.locator("#message").fill("Later");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".queued summary").click();
  const field = page.getByLabel("The message");
  await field.fill("");
  // Each letter would be a key elsewhere.
  await field.pressSequentially("n g p then sleep", { delay: 150 });
  await expect(field).toHaveValue("n g p then sleep");
  await page.getByRole("button", { name: "Change" }).click();
  await expect(page.locator(".queued-text")).toHaveText("n g p then sleep");
  await page.locator(".desk-settings summary").click();
  await page.locator("#set-model").fill("");
  await page.locator("#set-model").pressSequentially("a model of mine", { delay: 150 });
  await expect(page.locator("#set-model")).toHaveValue("a model of mine");
  expect(new URL(page.url()).pathname).toBe(address);
  stage.orchestra("stop", address!.split("/")[2]!);
});

test("what a person folds and types outlives what is drawn anew", async ({ open, stage }) => {
  const [address] = spawned(stage, "Change twice [[write once.txt once]] [[bash touch then]] [[write twice.txt twice]] [[bash touch end]]");
  const page = await open("/");
  const mine = card(page, /change-twice/);
  await tap(mine.getByRole("button", { name: "Allow", exact: true }));
  await expect(mine.locator(".ask")).toContainText("touch then");

  // A reason that is not sent yet, while the stream is lost.
  await mine.locator(".deny summary").click();
  await mine.locator(".deny input").fill("Not in this");
  await page.locator("h1").click();
  await stage.server.kill();
  await expect(page.locator("#connection")).toHaveText("Not live");
  const again = page.waitForResponse(/list_agents/);
  await stage.restart();
  await again;
  await expect(page.locator("#connection")).toHaveText("");
  await expect(mine.locator(".deny input")).toHaveValue("Not in this");

  // A file that was folded, while there are more.
  await page.goto(`${stage.server.origin}${address}?tab=changes`);
  await hydrated(page);
  const file = page.locator(".changed-file", { hasText: "once.txt" });
  await file.locator("summary").click();
  await expect(file).not.toHaveAttribute("open");
  const agent = address!.split("/")[2]!;
  stage.orchestra("answer", agent, "allow");
  await expect.poll(() => stateOf(stage, address!)).toBe("waiting");
  stage.orchestra("answer", agent, "allow");
  await expect(page.locator(".changed-file", { hasText: "twice.txt" })).toBeVisible();
  await expect(file).not.toHaveAttribute("open");
});

test("what is typed while a message is the next one", async ({ open, stage }) => {
  const [address] = spawned(stage, "Wait here [[bash touch here]]");
  const page = await open(address!);
  await page.route(/send_command/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await page.locator("#message").fill("The first");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("#message").fill("The second");
  await expect(page.locator(".queued-text")).toHaveText("The first");
  await expect(page.locator(".composer [data-said]")).toHaveText("Delivered");
  await expect(page.locator("#message")).toHaveValue("The second");

  // What waits can be changed, and keeps its lines.
  await page.locator(".queued summary").click();
  const field = page.getByLabel("The message");
  await field.fill("First this\n\nThen that");
  await page.getByRole("button", { name: "Change" }).click();
  await expect(page.locator(".queued-text")).toHaveText(/First this\s+Then that/);
  await expect(field).toHaveValue("First this\n\nThen that");
});

test("what is merged and cleared away in a terminal is told on its page", async ({ open, stage }) => {
  const [address] = spawned(stage, "Make a thing [[write thing.txt made]]");
  const agent = address!.split("/")[2]!;
  await expect.poll(() => stateOf(stage, address!)).toBe("waiting");
  stage.orchestra("answer", agent, "allow");
  await expect.poll(() => stateOf(stage, address!)).toBe("idle");
  const page = await open(`${address}?tab=result`);
  const button = (name: string) => page.locator(".work-body").getByRole("button", { name });
  await expect(button("Merge")).toBeEnabled();
  stage.orchestra("merge", agent);
  await expect(page.locator(".work-body")).toContainText("main has all of it");
  await expect(button("Merge")).toBeDisabled();
  stage.orchestra("clean", agent);
  await expect(button("Restore")).toBeVisible();
  await page.locator("a.tab", { hasText: "Talk" }).click();
  await page.locator("#message").fill("Go on");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("Restore it first");
});

test("who scrolls away is left there, and back at the end is followed again", async ({ open, stage }) => {
  const much = Array.from({ length: 12 }, (_, number) => `[[say ${number}: ${"many words ".repeat(40)}]]`).join(" ");
  const [address] = spawned(stage, `Talk on ${much} [[slow 900 60]]`);
  const page = await open(address!);
  const words = page.locator(".writing .plain");
  const left = () => page.evaluate(() => document.documentElement.scrollHeight - scrollY - innerHeight);
  const count = async () => (await words.innerText()).length;
  const more = async (than: number) => expect.poll(count).toBeGreaterThan(than + 200);
  await expect(words).toContainText("word 3");
  await expect.poll(left).toBeLessThan(40);
  // A hand scrolls until it is where it wants to be.
  await expect.poll(async () => (await page.evaluate(() => scrollBy(0, -500)), left())).toBeGreaterThan(300);
  await more(await count());
  expect(await left()).toBeGreaterThan(300);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await more(await count());
  await expect.poll(left).toBeLessThan(40);
  stage.orchestra("stop", address!.split("/")[2]!);
});

test("whoever goes back and forth at once finds the page as it was", async ({ open, stage }) => {
  const [address] = spawned(stage, "Say little [[say Little.]]");
  const page = await open("/");
  await page.locator(`.agent-card a[href="${address}"]`).first().click();
  await expect(page.locator(".conversation")).toContainText(/Little\.(?!\])/);
  for (const pause of [20, 60, 120]) {
    await page.goBack();
    await expect(page.locator(".agent-card").first()).toBeVisible();
    await page.goForward();
    await page.waitForTimeout(pause);
  }
  await page.goBack();
  await expect(page.locator(".agent-card").first()).toBeVisible();
});

test("what waits in one tab is not lost by another", async ({ open, stage }) => {
  const [address] = spawned(stage, "Wait for tabs [[bash touch tabs]]");
  const page = await open(address!);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await hydrated(second);
  await page.route(/send_command/, (route) => route.abort());
  await page.locator("#message").fill("From the first tab");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("not sent yet");
  await second.locator("#message").fill("From the second tab");
  await second.getByRole("button", { name: "Send" }).click();
  await expect(second.locator(".queued-text")).toHaveText(["From the second tab"]);
  await page.close();
  await second.reload();
  await expect(second.locator(".queued-text")).toHaveText(["From the second tab", "From the first tab"]);
});

test("two browsers answer the same: one wins, the other is told", async ({ open, pair, stage }) => {
  const first = await open("/new");
  await spawnFrom(first, stage, "Ask both [[bash touch both]] [[say Both asked.]]");
  await expect(first).toHaveURL(/\/agents\/\w+$/);
  const address = first.url();
  const second = await pair();
  await second.goto(address);
  await hydrated(second);
  const [asked, askedToo] = [first, second].map((page) => page.locator(".agent > .asks"));
  await expect(asked!).toContainText("touch both");
  await expect(askedToo!).toContainText("touch both");
  // Its lane is told of the wait while it lasts.
  await expect(second.locator(".reader-head .bar.is-waiting")).toHaveCount(1);

  // The second taps first, but its tap is held up on the way until the other's was there.
  let arrive = () => {};
  const held = new Promise<void>((resolve) => (arrive = resolve));
  const tapped = second.waitForRequest((request) => request.url().includes("send_command"));
  await second.route(/send_command/, async (route) => {
    await held;
    await route.continue();
  });
  await askedToo!.locator("summary", { hasText: "Deny" }).click();
  await tap(askedToo!.locator(".deny-form").getByRole("button", { name: "Deny" }));
  await tapped;
  await tap(asked!.getByRole("button", { name: "Allow", exact: true }));
  // What the model says, not the task, which holds the same words in brackets.
  await expect(first.locator(".conversation")).toContainText(/Both asked\.(?!\])/);
  arrive();
  await expect(second.locator(".toasts")).toContainText("It was allowed through web already");
  await expect(second.locator(".conversation")).toContainText(/Both asked\.(?!\])/);
  expect(existsSync(join(agentAt(stage, address).worktree, "both"))).toBe(true);
});

test("who logs out sees nothing any more in any of their windows", async ({ open }) => {
  const page = await open("/");
  const settings = await page.context().newPage();
  await settings.goto(new URL("/settings", page.url()).href);
  await hydrated(settings);
  await settings.getByRole("button", { name: "Log out" }).click();
  for (const window of [settings, page]) await expect(window.locator("body")).toContainText("not paired");
});

test("what a proxy answers for a server that starts again is sent later", async ({ open, stage }) => {
  const [address] = spawned(stage, "Wait for the proxy [[bash touch proxy]]");
  const page = await open(address!);
  let away = true;
  await page.route(/send_command/, (route) => {
    if (!away) return route.continue();
    return route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" });
  });
  await page.locator("#message").fill("Through the proxy");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("not sent yet");
  away = false;
  await expect(page.locator(".queued-text")).toHaveText(["Through the proxy"]);
});

test("Enter pressed again answers nobody else", async ({ open, stage }) => {
  onWideScreens();
  const [other] = spawned(stage, "Waits longest [[bash touch longest]]");
  await expect.poll(() => stateOf(stage, other!)).toBe("waiting");
  const [mine] = spawned(stage, "Asks twice [[bash touch once]] [[bash sleep 1; touch twice]]");
  await expect.poll(() => stateOf(stage, mine!)).toBe("waiting");
  const page = await open("/");
  await expect(page.locator(".agent-card .ask").nth(1)).toBeVisible();
  await accessible(page);
  const asks = card(page, /asks-twice/);
  await asks.getByRole("button", { name: "Allow", exact: true }).press("Enter");
  for (let times = 0; times < 4; times += 1) {
    await page.waitForTimeout(200);
    await page.keyboard.press("Enter");
  }
  expect(stateOf(stage, other!)).toBe("waiting");
});
