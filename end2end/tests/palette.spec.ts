// The palette and the keys: everything is reached, and the agent in front is told what to do, without a pointer.
import AxeBuilder from "@axe-core/playwright";
import { card, expect, hydrated, spawnFrom, test } from "../support/stage.js";

test.skip(({ isMobile }) => Boolean(isMobile), "a phone has no such keys");
test.setTimeout(120_000);

test("the palette finds pages and agents, and tells the agent in front what to do", async ({ open, stage }) => {
  const page = await open("/new");
  // Another one waits, and stands first in the column beside the page: it is not the one in front.
  await spawnFrom(page, stage, "Wait beside [[bash touch beside]]");
  await expect(page.locator(".agent > .asks")).toContainText("touch beside");
  await page.goto(stage.server.origin + "/new");
  await hydrated(page);
  await spawnFrom(page, stage, "Stay busy [[slow 600 100]]");
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  const address = page.url();
  await expect(page.locator(".writing .plain")).toContainText(/\w+/);

  // What the agent can be told comes first; a few letters find it.
  await page.locator("#message").fill("half a message");
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Find anything" });
  const field = palette.getByRole("combobox");
  await expect(field).toBeFocused();
  await expect(page.locator(".list-column .agent-card").first()).not.toContainText("stay-busy");
  await expect(palette.getByRole("group").first()).toHaveAccessibleName(/stay-busy/);
  await expect(palette.getByRole("option").first()).toContainText("Interrupt its turn");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
  await field.pressSequentially("inter");
  await expect(palette.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(palette).toBeHidden();
  await expect(page.locator(".desk-line .mark")).toContainText("idle");
  await expect(page.locator("#message")).toHaveValue("half a message");

  // Another page, by its name, the arrows leading there; Escape only closes.
  await page.keyboard.press("Control+k");
  await field.pressSequentially("nothing is called so");
  await expect(palette.getByRole("status")).toHaveText("Nothing is called that.");
  await field.fill("its");
  const first = await field.getAttribute("aria-activedescendant");
  await page.keyboard.press("ArrowDown");
  await expect(field).not.toHaveAttribute("aria-activedescendant", first!);
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();
  expect(page.url()).toBe(address);
  await page.getByRole("button", { name: "Find" }).click();
  await field.pressSequentially("sessions");
  await palette.getByRole("option", { name: "Sessions", exact: true }).click();
  await expect(page).toHaveURL(/\/sessions$/);

  // A session that an agent holds leads to it.
  await page.getByRole("link", { name: "agent", exact: true }).first().click();
  await expect(page).toHaveURL(address);
});

test("what is told in vain is said where it was told", async ({ open, stage }) => {
  const page = await open("/new");
  await spawnFrom(page, stage, "Nothing to take [[say Nothing was done.]]");
  await expect(page.locator(".desk-line .mark")).toContainText("idle");
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Find anything" });
  await palette.getByRole("option", { name: "Open a pull request with its work" }).click();
  // The repository has no remote.
  await expect(page.locator(".toast")).toContainText(/remote|nothing/i);
});

test("keys go everywhere, and are told", async ({ open, stage }) => {
  const page = await open("/");
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await expect(sheet).toContainText("find anything");
  // While it is open, keys are not heard.
  await page.keyboard.press("n");
  await expect(sheet).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/projects$/);
  await page.keyboard.press("n");
  await expect(page).toHaveURL(/\/new$/);
  await spawnFrom(page, stage, "Talk [[say Here.]]");
  await expect(page).toHaveURL(/\/agents\/\w+$/);
  await expect(page.locator(".conversation")).toContainText("Here.");
  await page.keyboard.press("m");
  await expect(page.locator("#message")).toBeFocused();
  await page.keyboard.type("3 n");
  await expect(page.locator("#message")).toHaveValue("3 n");
  await page.keyboard.press("Escape");
  await page.keyboard.press("3");
  await expect(page).toHaveURL(/tab=result$/);
  await page.keyboard.press("Escape");
  await expect(card(page, /talk/)).toBeVisible();
  await hydrated(page);
});
