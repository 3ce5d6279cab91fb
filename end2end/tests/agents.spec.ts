// Agents from the phone: started, answered, steered, taken and cleared away, with the real client and a scripted model.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { accessible, card, expect, spawnFrom, test } from "../support/stage.js";
import { tap } from "../support/tap.js";

test.setTimeout(120_000);

test("agents are started, answered, talked to, taken and cleared away", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(
    page,
    stage,
    "Build auth [[write auth.rs fn login() {}]] [[bash touch made]] [[say All done now.]]",
  );
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  const address = page.url();

  // Leave for the file, from Now; the exact change is there.
  await page.getByRole("link", { name: "Now" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("1 needs you");
  const build = card(page, /build-auth/);
  await expect(build.locator(".ask")).toContainText("fn login() {}");
  await accessible(page);
  await tap(build.getByRole("button", { name: "Allow", exact: true }));
  // Then a command, refused with a reason.
  await expect(build.locator(".ask")).toContainText("touch made");
  await build.getByText("Deny").first().click();
  // The keys are words at once, and no shortcuts.
  await expect(build.getByPlaceholder("Why, or what instead")).toBeFocused();
  await page.keyboard.type("not here");
  await tap(build.locator(".deny-form").getByRole("button", { name: "Deny" }));
  await expect(page.locator(".now-part", { hasText: "Finished" }).locator(".agent-card")).toContainText("build-auth");
  expect(existsSync(join(stage.sandbox.shop, "auth.rs"))).toBe(false);

  // Its page has the conversation and its changes; a comment on a line becomes part of the next message.
  await page.goto(address);
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await expect(page.locator(".conversation")).toContainText("All done now.");
  await accessible(page);
  await page.getByRole("link", { name: "Changes" }).click();
  await page.locator(".work .diff-line", { hasText: "fn login" }).click();
  await page.getByLabel("Comment", { exact: true }).fill("[[say It has a body now.]]");
  await page.getByRole("button", { name: "Add to the message" }).click();
  await page.getByRole("link", { name: "Talk" }).click();
  await expect(page.locator("#message")).toHaveValue(/auth\.rs:1/);
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".conversation")).toContainText("It has a body now.");
  await expect(page.locator("#message")).toHaveValue("");

  // Its work is taken, its worktree cleared away and brought back.
  await page.getByRole("link", { name: "Result" }).click();
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.locator(".toast")).toContainText("main");
  expect(existsSync(join(stage.sandbox.shop, "auth.rs"))).toBe(true);
  await expect(page.locator(".take")).toContainText("main has all of it");
  await expect(page.getByRole("button", { name: "Merge into main" })).toBeDisabled();
  await page.locator(".toast").getByRole("button", { name: "OK" }).click();
  await page.goto(`${address}?tab=result`);
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await page.getByRole("button", { name: /Clean: nothing would be lost/ }).click();
  await expect(page.locator(".toast")).toContainText("trash");
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await expect(page.locator(".toast")).toContainText("is back");
});

test("words appear as they are written; a message waits, and an interrupt ends the turn", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Write slowly [[slow 300 100]]");
  await expect(page).toHaveURL(/\/agents\//);
  await expect(page.locator(".writing .plain")).toContainText(/\w+/);
  const early = (await page.locator(".writing .plain").textContent())?.length ?? 0;
  await expect.poll(async () => (await page.locator(".writing .plain").textContent())?.length ?? 0).toBeGreaterThan(early);
  await page.locator("#message").fill("Then [[say the second thing]]");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".queued")).toContainText("the second thing");
  await page.getByRole("button", { name: "Interrupt" }).click();
  await expect(page.locator(".conversation .turn-reply", { hasText: "the second thing" })).toBeVisible();
  await expect(page.locator(".queued")).toHaveCount(0);
});

test("one that was parked at the model's limit goes on now, when it is told to", async ({ open, stage }) => {
  const task = "Hit the limit\n[[write kept.txt x]] [[fail 529 2]] [[say not reached]]";
  const said = stage.orchestra("spawn", "--trust", "--json", "--permission-mode", "acceptEdits", task);
  const page = await open(`/agents/${JSON.parse(said).agents[0].id}`);
  await expect(page.locator(".desk-line .mark")).toHaveText("parked", { timeout: 60_000 });
  await expect(page.locator(".desk .card-limit")).toContainText("until");
  await accessible(page);
  await page.getByRole("button", { name: "Go on now" }).click();
  await expect(page.locator(".conversation .turn-prompt", { hasText: "Go on where you left off." })).toBeVisible();
  await expect(page.locator(".desk-line .mark")).toHaveText(/idle|done/);
  await expect(page.getByRole("button", { name: "Go on now" })).toHaveCount(0);
});

test("the server is killed in the middle of a turn: nothing is lost, nothing doubled, nothing reloaded", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Survive [[say before]] [[slow 60 100]] [[bash touch survived]]");
  await expect(page.locator(".writing .plain")).toContainText(/\w+/);
  await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));
  await stage.server.kill();
  await expect(page.locator("#connection")).toHaveText("Not live");
  await stage.restart();
  await expect(page.locator(".agent > .asks")).toContainText("touch survived", { timeout: 30_000 });
  await expect(page.locator("#connection")).toHaveText("");
  await tap(page.locator(".agent > .asks").getByRole("button", { name: "Allow", exact: true }));
  await expect(page.locator(".desk .mark")).toContainText("idle");
  await expect(page.locator(".turn-prompt")).toHaveCount(1);
  expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBe(true);
});

test("a message sent without a connection arrives once and is no draft any more; a page asked for meanwhile comes by itself", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Wait for an answer [[bash touch waited]]");
  await expect(page.locator(".agent > .asks")).toContainText("touch waited");
  await page.context().setOffline(true);
  await page.locator("#message").fill("And then this [[say Then this.]]");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("1 not sent yet");
  // The same again is no second message; another is.
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("1 not sent yet");
  await page.locator("#message").fill("And also that");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".toasts")).toContainText("2 not sent yet");
  await page.locator('.place[href="/"]').click();
  await expect(page.locator(".message")).toContainText("does not answer");
  await page.context().setOffline(false);
  await page.locator(".agent-card", { hasText: /wait-for-an/ }).locator(".agent-link-row").click();
  await expect(page.locator(".queued-text")).toHaveText([/And then this/, "And also that"]);
  await expect(page.locator("#message")).toHaveValue("");
});

test("a tap without a connection is sent once, later; the second browser that answers is told who was first", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Ask once [[bash touch asked]]");
  const asks = page.locator(".agent > .asks");
  await expect(asks).toContainText("touch asked");
  await page.context().setOffline(true);
  await tap(asks.getByRole("button", { name: "Allow", exact: true }));
  await expect(page.locator(".toasts")).toContainText("not sent yet");
  // Meanwhile it is answered in a terminal.
  const name = stage.orchestra("status", "--json");
  const agent = JSON.parse(name).agents.find((agent: { task: string }) => agent.task.startsWith("Ask once"));
  stage.orchestra("answer", agent.id, "deny");
  await page.context().setOffline(false);
  await expect(page.locator(".toasts")).toContainText("It was denied through cli already");
});
