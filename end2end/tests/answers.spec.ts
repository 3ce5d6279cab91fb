// What an agent asks for, answered for good; with the real client and a scripted model.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { card, expect, spawnFrom, test, type Stage } from "../support/stage.js";
import { tap } from "../support/tap.js";

test.setTimeout(120_000);

const agentNamed = (stage: Stage, name: string): { state: string; worktree: string } =>
  JSON.parse(stage.orchestra("status", "--json")).agents.find((agent: { name: string }) => agent.name.startsWith(name));

test("always writes the rule that it shows, and the same is not asked again", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(
    page,
    stage,
    "Make files [[bash touch first]] [[bash touch first second]] [[bash mkdir third]] [[say All made.]]",
  );
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  await page.getByRole("link", { name: "Now" }).click();
  const make = card(page, /make-files/);
  await expect(make.locator(".ask")).toContainText("touch first");
  // The rule stands on the button before it is written.
  const rule = make.getByRole("button", { name: /Always.*touch/ });
  await expect(rule).toContainText("this project");
  await rule.press("Enter");
  // The next that is asked for is what the rule does not cover.
  await expect(make.locator(".ask")).toContainText("mkdir third");
  const { worktree } = agentNamed(stage, "make-files");
  expect(["first", "second", "third"].map((file) => existsSync(join(worktree, file)))).toEqual([true, true, false]);
  // The client keeps what is for a project with the repository that a worktree belongs to.
  const { permissions } = JSON.parse(readFileSync(join(stage.sandbox.shop, ".claude/settings.local.json"), "utf8"));
  expect(permissions.allow.join()).toMatch(/^Bash\(touch first/);
  // Whoever answers by keys goes on from there: the focus stays with the agent, also when its card moves.
  const focused = page.locator(".agent-card:focus-within", { hasText: "make-files" });
  await expect(focused).toHaveCount(1);
  await make.getByRole("button", { name: "Allow", exact: true }).press("Enter");
  const finished = page.locator(".now-part", { hasText: "Finished" }).locator(".agent-card", { hasText: "make-files" });
  await expect(finished).toBeVisible();
  await expect(focused).toHaveCount(1);
  expect(existsSync(join(worktree, "third"))).toBe(true);
});

test("what has only just come under the finger is not answered", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Ask twice [[bash touch one]] [[bash touch two]] [[say Both made.]]");
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  const asks = page.locator(".agent > .asks");
  const allow = asks.getByRole("button", { name: "Allow", exact: true });
  await expect(asks).toContainText("touch one");
  await tap(allow);
  await expect(asks).toContainText("touch two");
  // The second tap of a double tap, at what stands there now.
  await allow.click();
  await expect(asks.locator("[data-said]")).toContainText("only just come");
  const { worktree, state } = agentNamed(stage, "ask-twice");
  expect([state, existsSync(join(worktree, "two"))]).toEqual(["waiting", false]);
  await tap(allow);
  await expect(page.locator(".conversation")).toContainText(/Both made\.(?!\])/);
  expect(existsSync(join(worktree, "two"))).toBe(true);
});

test("who changes their mind without a connection is taken at the last word", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Change minds [[bash touch mind]] [[say So be it.]]");
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  const asks = page.locator(".agent > .asks");
  await expect(asks).toContainText("touch mind");
  await page.context().setOffline(true);
  await tap(asks.getByRole("button", { name: "Allow", exact: true }));
  await expect(page.locator(".toasts")).toContainText("1 not sent yet");
  await asks.locator("summary", { hasText: "Deny" }).click();
  await tap(asks.locator(".deny-form").getByRole("button", { name: "Deny" }));
  await expect(page.locator(".toasts")).toContainText("1 not sent yet");
  await page.context().setOffline(false);
  await expect(page.locator(".conversation")).toContainText(/So be it\.(?!\])/);
  const { worktree } = agentNamed(stage, "change-minds");
  expect(existsSync(join(worktree, "mind"))).toBe(false);
});

test("one that fails in the same way again and again is interrupted and told with one tap", async ({ open, stage }) => {
  const page = await open("/new");
  const again = "[[read missing.txt]] ".repeat(4);
  await spawnFrom(page, stage, `Look for it ${again}[[slow 600 100]]`);
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  await page.getByRole("link", { name: "Now" }).click();
  const looks = card(page, /look-for-it/);
  await expect(looks.locator(".ask")).toContainText("It seems stuck");
  await expect(looks.locator(".ask")).toContainText("failed 4 times in the same way");
  await tap(looks.getByRole("button", { name: "Interrupt and say this" }));
  await expect(page.locator(".toast")).toContainText("interrupted and told");
  const finished = page.locator(".now-part", { hasText: "Finished" }).locator(".agent-card", { hasText: "look-for-it" });
  await finished.getByRole("link").first().click();
  await expect(page.locator(".turn-prompt", { hasText: "say in a sentence why it fails" })).toBeVisible();
  await expect(page.locator(".agent > .asks")).not.toContainText("It seems stuck");
});

test("a nudge that arrives late ends no turn that goes on", async ({ open, stage }) => {
  const name = `late-${test.info().project.name}`;
  stage.orchestra("spawn", "--trust", `${name} ${"[[read missing.txt]] ".repeat(4)}[[slow 600 100]]`);
  const page = await open("/");
  await expect(card(page, new RegExp(name)).locator(".ask")).toContainText("It seems stuck");
  await page.context().setOffline(true);
  await tap(card(page, new RegExp(name)).getByRole("button", { name: "Interrupt and say this" }));
  await expect(page.locator(".toasts")).toContainText("not sent yet");
  stage.orchestra("send", name, "--nudge", "Go on another way. [[slow 600 100]]");
  await page.context().setOffline(false);
  // It goes on already, or is between its turns.
  await expect(page.locator(".toasts")).toContainText(/nothing was said/i);
  const found = () => {
    const { agents } = JSON.parse(stage.orchestra("status", "--json"));
    return agents.find((one: { name: string }) => one.name.startsWith(name)) as { id: string; state: string };
  };
  await expect.poll(() => found().state).toBe("running");
  const agent = found();
  expect(stage.orchestra("logs", agent.id)).not.toContain("say in a sentence why it fails");
  stage.orchestra("stop", agent.id);
});

test("a notification's button decides exactly what it showed, once", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Ask the phone [[bash touch phone]] [[say Phone asked.]]");
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  await expect(page.locator(".agent > .asks")).toContainText("touch phone");
  const { id, worktree, requests } = agentNamed(stage, "ask-the-phone");
  const [{ id: request, input_hash }] = requests;
  // As the service worker does it when a button of a notification is tapped.
  const answer = (what: object) =>
    page.evaluate(async (body) => {
      const answered = await fetch("/push/answer", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: answered.status, said: await answered.text() };
    }, what);

  const altered = await answer({ agent: id, request, input_hash: input_hash.replace(/./g, "0"), allow: true });
  expect(altered.status).toBe(409);
  expect(existsSync(join(worktree, "phone"))).toBe(false);
  expect(await answer({ agent: id, request, input_hash, allow: true })).toMatchObject({ status: 200 });
  await expect(page.locator(".conversation")).toContainText(/Phone asked\.(?!\])/);
  expect(existsSync(join(worktree, "phone"))).toBe(true);
  const again = await answer({ agent: id, request, input_hash, allow: false });
  expect(again.status).toBe(409);
  expect(again.said).toContain("It was allowed through notification already");
});
