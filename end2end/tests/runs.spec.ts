// A run's pages: results side by side, an attempt chosen and landed, threads and the graph; with JavaScript and without.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "@playwright/test";
import { accessible, card, expect, test, type Stage } from "../support/stage.js";

test.setTimeout(300_000);

/** Axe has nothing to say, in either theme. */
const accessibleInBothThemes = async (page: Page) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await accessible(page);
  }
};

/** The same page in a browser that runs no scripts. */
const withoutScripts = async (browser: Browser, page: Page) => {
  const context = await browser.newContext({
    javaScriptEnabled: false, storageState: await page.context().storageState(), viewport: page.viewportSize(),
  });
  const plain = await context.newPage();
  await plain.goto(page.url());
  return plain;
};

const isAsWideAsTheScreen = async (page: Page) => {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wider, "nothing stands over the edge").toBeLessThanOrEqual(0);
};

const fileOnMain = (stage: Stage, path: string) =>
  execFileSync("git", ["show", `main:${path}`], { cwd: stage.sandbox.shop, env: stage.sandbox.environment }).toString();

test("attempts stand side by side; one is chosen, the others can come back, and it lands", async ({ open, stage, browser }) => {
  const file = `hello-${test.info().project.name}.txt`;
  const task = `Greet\n[[write ${file} hello]] [[say **Hello** stands there.]]`;
  stage.orchestra("spawn", "--trust", "--wait", "--attempts", "3", "--permission-mode", "acceptEdits", task);

  // From Now to the run.
  const page = await open("/");
  const first = card(page, /greet-1/);
  await first.getByRole("link", { name: "run of 3" }).click();
  await expect(page).toHaveURL(/\/runs\/\w+$/);
  await expect(page).toHaveTitle("greet: 3 attempts · Orchestra");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("greet: 3 attempts");
  const columns = page.locator(".column");
  await expect(columns).toHaveCount(3);
  await expect(columns.first()).toContainText("1 file +1−0");
  await expect(columns.first()).toContainText("Hello stands there.");
  await isAsWideAsTheScreen(page);
  await accessibleInBothThemes(page);

  // The same without JavaScript, but for what needs it.
  const plain = await withoutScripts(browser, page);
  await expect(plain.locator(".column").nth(2)).toContainText("Hello stands there.");
  await expect(plain.getByText("Choose this").first()).toBeHidden();
  await plain.getByRole("link", { name: "Report" }).click();
  await expect(plain.locator("body")).toContainText("## 3 of 3 tasks done");
  await plain.context().close();

  // Their diffs beside each other.
  await page.getByRole("link", { name: "Diffs", exact: true }).click();
  await expect(page.locator(".column-diff .diff-line.is-added")).toHaveCount(3);
  await isAsWideAsTheScreen(page);
  await accessible(page);
  await page.getByRole("link", { name: "Results" }).click();

  const second = columns.filter({ hasText: "greet-2" });
  // Tapped without a connection it is sent later, once.
  await page.context().setOffline(true);
  // Of choices that wait the last counts, and each can be taken back.
  await columns.first().getByRole("button", { name: "Choose this: greet-1" }).click();
  await expect(columns.first().locator("[data-said]")).toHaveText("Not sent yet Take it back");
  await second.getByRole("button", { name: "Choose this: greet-2" }).click();
  await expect(second.locator("[data-said]")).toHaveText("Not sent yet Take it back");
  await expect(columns.first().locator("[data-said]")).toHaveText("");
  await expect(page.locator(".is-waiting-to-send")).toHaveText("1 not sent yet: no connection");
  await second.getByRole("button", { name: "Take it back" }).click();
  await expect(page.locator(".is-waiting-to-send")).toHaveCount(0);
  await second.getByRole("button", { name: "Choose this: greet-2" }).click();
  await expect(second.locator("[data-said]")).toHaveText("Not sent yet Take it back");
  await accessible(page);
  await page.context().setOffline(false);
  await expect(page.locator(".toast")).toContainText("greet-2 is kept");
  await expect(columns.getByRole("button", { name: "Restore" })).toHaveCount(2);
  await expect(page.getByRole("button", { name: /^Choose/ })).toHaveCount(0);
  await expect(page.locator(".run-group .part-name")).toContainText("greet-2 was kept of 3 attempts");
  await accessibleInBothThemes(page);

  const land = page.getByRole("button", { name: "Land 1 branch on main" });
  await land.evaluate((button: HTMLButtonElement) => {
    button.click();
    button.ownerDocument.title = `${button.textContent} ${button.disabled}`;
  });
  await expect(page, "the tap answers at once").toHaveTitle("Landing… true");
  await expect(page.locator(".landing")).toContainText("main stands at");
  await expect(page.locator(".landing-steps")).toContainText("landed");
  await expect(second.locator(".mark").first()).toHaveText("landed");
  expect(fileOnMain(stage, file)).toContain("hello");

  // The way back.
  await columns.first().getByRole("button", { name: "Restore" }).click();
  await expect(page.locator(".toast")).toContainText("is back");
  await expect(columns.getByRole("button", { name: "Restore" })).toHaveCount(1);
  await expect(page.locator(".run-group .part-name")).toContainText("3 attempts at greet");
});

test("a plan's tasks are told with their order and their checks, and drawn as a graph", async ({ open, stage, browser }) => {
  const task = (name: string, more: string) =>
    `[[task]]\nname = "${name}"\nprompt = '''\n${name}\n[[write ${name}.txt ${name}]] [[say Made ${name}.]]\n'''\n${more}\n`;
  const plan = join(stage.sandbox.home, "plan.toml");
  writeFileSync(plan, [
    'max-parallel = 2\nbudget-usd = 5\npermission-mode = "acceptEdits"\n',
    task("schema", 'check = "test -f schema.txt"'), task("api", 'from = "schema"'), task("page", 'after = ["schema"]'),
    task("docs", 'after = ["api", "page"]'),
  ].join("\n"));
  stage.orchestra("run", "--trust", "--wait", plan);
  const run = JSON.parse(stage.orchestra("results", "--json")).run as string;

  const page = await open(`/runs/${run}`);
  await expect(page.locator(".run-tally")).toContainText("4 done");
  await expect(page.locator(".run-axis time")).toHaveCount(2);
  await expect(page.locator(".budget")).toContainText("of $5.00");
  await expect(page.locator(".run-lane")).toHaveCount(4);
  const schema = page.locator(".column").filter({ has: page.getByRole("link", { name: "schema", exact: true }) });
  await expect(schema).toContainText("passed");
  await expect(schema).toContainText("test -f schema.txt");
  await expect(page.locator(".column").last()).toContainText("after api, page");
  await isAsWideAsTheScreen(page);
  await accessibleInBothThemes(page);

  await page.getByRole("link", { name: "Graph" }).click();
  const picture = page.locator(".graph-picture:visible");
  await expect(picture).toHaveCount(1);
  await expect(picture.locator(".node")).toHaveCount(4);
  await expect(picture.locator(".edge")).toHaveCount(4);
  await expect(picture.locator(".edge.is-from")).toHaveCount(1);
  await isAsWideAsTheScreen(page);
  await accessibleInBothThemes(page);
  const plain = await withoutScripts(browser, page);
  await plain.getByText("As a list").click();
  await expect(plain.locator(".graph-list")).toContainText("comes after api, page");
  await plain.locator(".graph-picture:visible .node").first().click();
  await expect(plain).toHaveURL(/\/agents\/\w+$/);
  await plain.context().close();

  // The list of runs leads here too, and the palette there.
  await page.goto(stage.server.origin + "/runs");
  await expect(page.locator(".run-part").last()).toContainText("Earlier");
  await expect(page.locator(".run-row").filter({ hasText: "schema, api and 2 more" }).first()).toContainText("4 of 4 done");
  await accessibleInBothThemes(page);
  await page.getByRole("link", { name: "schema, api and 2 more" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("schema, api and 2 more");
});

test("work that does not pass its check asks for a person, on a page that was open all the while", async ({ open, stage }) => {
  const name = `red-${test.info().project.name}`;
  const page = await open("/");
  await expect(card(page, new RegExp(name))).toHaveCount(0);
  const plan = join(stage.sandbox.home, "red.toml");
  writeFileSync(plan, [
    'permission-mode = "acceptEdits"\n[[task]]', `name = "${name}"`, "prompt = '[[write red.txt x]] [[say Made it.]]'",
    'check = "echo two tests failed; exit 3"\n[[task]]', `name = "after-${name}"`, "prompt = '[[say Never.]]'", `after = ["${name}"]`,
  ].join("\n"));
  stage.orchestra("run", "--trust", plan);
  await expect(card(page, new RegExp(`after-${name}`))).toContainText(`waits for ${name}`);
  const red = page.locator(".now-part", { hasText: "Needs you" }).locator(".agent-card", { hasText: name });
  await expect(red.locator(".mark").first()).toHaveText("failed", { timeout: 30_000 });
  await expect(red.locator(".card-words").first()).toContainText("exit code 3");
  await expect(card(page, new RegExp(`after-${name}`))).toContainText(`${name} failed`);
  await accessible(page);
  await red.getByRole("link", { name: new RegExp(`^${name}`) }).first().click();
  await expect(page.locator(".desk .mark")).toHaveText("failed");
  await expect(page.locator(".desk-failure")).toContainText("exit code 3");
});

test("of work that does not land is told why, and the others land", async ({ open, stage }) => {
  const name = test.info().project.name;
  const plan = join(stage.sandbox.home, "land.toml");
  const task = (one: string, more: string) =>
    `[[task]]\nname = "${one}-${name}"\nprompt = "[[write ${one}-${name}.txt x]] [[say Made it.]]"\n${more}\n`;
  writeFileSync(plan, [
    'permission-mode = "acceptEdits"\nretries = 0\nmax-parallel = 1\n',
    task("one", ""), task("red", `check = "test ! -e one-${name}.txt || { echo both are there; exit 4; }"`), task("two", ""),
  ].join("\n"));
  stage.orchestra("run", "--trust", "--wait", plan);
  const run = JSON.parse(stage.orchestra("results", "--json")).run as string;
  const page = await open(`/runs/${run}`);
  await page.getByRole("button", { name: "Land 3 branches on main" }).click();
  const step = page.locator(`.landing-steps [data-key^="red-${name}"]`);
  await expect(step).toContainText("fails (exit code 4)", { timeout: 30_000 });
  await step.getByText("What the check printed").click();
  await expect(step.locator("pre")).toHaveText("both are there");
  await isAsWideAsTheScreen(page);
  await accessibleInBothThemes(page);
  await page.getByRole("button", { name: /^Land the other/ }).click();
  const landed = page.locator(`.landing-steps [data-key^="two-${name}"]`);
  await expect(landed.locator(".mark")).toHaveText("landed", { timeout: 30_000 });
  expect(fileOnMain(stage, `two-${name}.txt`)).toContain("x");
});

test("whoever comes back from an agent finds its column, and the focus stays where it was", async ({ open, stage }) => {
  const name = test.info().project.name;
  const tasks = [1, 2, 3, 4, 5].map((number) => `Part ${number} ${name}\n[[say Part ${number}.]]`);
  const said = stage.orchestra("spawn", "--trust", "--wait", "--json", ...tasks);
  const started = JSON.parse(said).agents as { run: string; id: string; name: string }[];
  const page = await open(`/runs/${started[0].run}`);
  const last = page.locator(".column").last();
  const talk = last.getByRole("link", { name: /^Talk with/ });
  await page.locator(".columns").evaluate((columns) => (columns.scrollLeft = columns.scrollWidth));
  const scrolled = () => page.locator(".columns").evaluate((columns) => Math.round(columns.scrollLeft));
  const before = await scrolled();
  expect(before).toBeGreaterThan(100);
  await talk.click();
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  await page.goBack();
  await expect.poll(scrolled).toBeGreaterThan(before - 20);

  // What is drawn anew keeps the focus on the same.
  await talk.focus();
  stage.orchestra("send", started[4].id, "And now? [[say Something new.]]");
  await expect(last).toContainText("Something new.", { timeout: 30_000 });
  await expect(talk).toBeFocused();
});

test("a run's page hears of what is landed in a terminal", async ({ open, stage }) => {
  const name = test.info().project.name;
  const task = `Land ${name}\n[[write landed-${name}.txt x]] [[say Made it.]]`;
  const said = stage.orchestra("spawn", "--trust", "--wait", "--json", "--permission-mode", "acceptEdits", task);
  const run = JSON.parse(said).agents[0].run as string;
  const page = await open(`/runs/${run}`);
  await expect(page.getByRole("button", { name: /^Land/ })).toBeVisible();
  stage.orchestra("land", run);
  await expect(page.locator(".column .mark").first()).toHaveText("landed");
  await expect(page.getByRole("button", { name: /^Land/ })).toHaveCount(0);
  expect(fileOnMain(stage, `landed-${name}.txt`)).toContain("x");
});

test("all of a run is stopped with one tap", async ({ open, stage }) => {
  const slow = (name: string) => `${name} ${test.info().project.name} [[slow 600 200]]`;
  const said = stage.orchestra("spawn", "--trust", "--json", "--max-parallel", "1", slow("long"), slow("longer"));
  const page = await open(`/runs/${JSON.parse(said).agents[0].run}`);
  await expect(page.locator(".run-tally")).toContainText("1 queued");
  await page.getByRole("button", { name: "Stop all" }).click();
  await expect(page.locator(".run-tally")).toContainText("2 stopped");
  await expect(page.getByRole("button", { name: "Stop all" })).toHaveCount(0);
  await accessible(page);
});

test("what agents tell each other is a conversation, and goes on while it is looked at", async ({ open, stage, browser }) => {
  const report = JSON.stringify({ outcome: "done", summary: "Forty-two it is." });
  const helper = `Find it {{tool mcp__orchestra__report_result ${report}}} {{say Reported.}}`;
  const name = `helper-${test.info().project.name}`;
  const assign = JSON.stringify({ task: helper, name });
  const wait = JSON.stringify({ agents: [name], timeout_seconds: 60 });
  const lead = `Lead\n[[tool mcp__orchestra__assign ${assign}]] [[tool mcp__orchestra__wait_for ${wait}]] [[say I know.]]`;
  stage.orchestra("spawn", "--trust", "--wait", lead);
  const run = JSON.parse(stage.orchestra("messages", name, "--json")).agents as { id: string }[];
  expect(run).toHaveLength(2);

  const page = await open("/");
  await card(page, new RegExp(name)).getByRole("link", { name: "run of 2" }).click();
  await page.getByRole("link", { name: /^Threads/ }).click();
  const thread = page.locator(".thread").filter({ hasText: "started it and went on" });
  await expect(thread.locator(".told-message")).toHaveCount(2);
  await expect(thread.locator(".told-message").first()).toContainText("task");
  await expect(thread.locator(".told-message").last()).toContainText("Forty-two it is.");
  await expect(thread.locator(".told-message").last()).toContainText("result");
  await accessibleInBothThemes(page);

  // What a person says arrives while the page is open.
  stage.orchestra("send", name, "And now? [[say Nothing more.]]");
  await expect(page.locator(".thread").filter({ hasText: "you →" }).locator(".said-by-you")).toContainText("And now?");
  await expect(page.locator(".thread").filter({ hasText: "you →" })).toContainText("delivered");
  await isAsWideAsTheScreen(page);
  const plain = await withoutScripts(browser, page);
  await expect(plain.locator(".told-message").first()).toBeVisible();
  await plain.getByRole("link", { name: "Graph" }).click();
  await expect(plain.locator(".graph-picture:visible .edge.is-started")).toHaveCount(1);
  await accessible(page);
  await plain.context().close();
});

test("a run that is not there is said to be so", async ({ open, stage }) => {
  const page = await open("/runs/nobody");
  await expect(page.getByRole("alert")).toContainText("No run nobody on this machine.");
  await accessibleInBothThemes(page);
  await page.getByRole("link", { name: "All runs" }).click();
  await expect(page).toHaveURL(`${stage.server.origin}/runs`);
});
