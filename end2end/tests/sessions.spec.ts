// The list: what is in it, how it is narrowed, and that it follows what happens on the machine.
import { cart, idOf, login, longName, minutesAgo, someProjects, writeSession } from "../support/history.js";
import { expect, test } from "../support/test.js";

test.use({ history: { write: someProjects } });

const rows = ".row-link";

test("sessions stand by day and project, with what waits marked", async ({ page }) => {
  await page.goto("/sessions?since=7d");
  await expect(page.locator(rows)).toHaveCount(3);
  await expect(page.getByRole("heading", { name: /^Today/ })).toBeVisible();
  await expect(page.getByRole("heading", { name: /^Yesterday|^[A-Z]/ }).first()).toBeVisible();
  await expect(page.locator(".row", { hasText: "Fix the login" }).getByText("waiting")).toBeVisible();
  await expect(page.locator(".tally")).toContainText("3 sessions");
});

test("typing filters at once, and the address remembers it", async ({ page, hydrated }) => {
  await page.goto("/sessions?since=7d");
  await hydrated();
  await page.locator("#filter").fill("login");
  await expect(page.locator(rows)).toHaveCount(1);
  await expect(page).toHaveURL(/q=login/);
  await page.reload();
  await expect(page.locator(rows)).toHaveCount(1);
  await expect(page.locator("#filter")).toHaveValue("login");
  await hydrated();
  await page.locator("#filter").fill("");
  await expect(page.locator(rows)).toHaveCount(3);
  await page.locator("#filter").fill("nothing like this");
  await expect(page.locator(rows)).toHaveCount(0);
  await expect(page.locator(".message")).toBeVisible();
});

test("a session opens, and Escape leads back to the list", async ({ page, hydrated }) => {
  await page.goto("/sessions?since=7d");
  await hydrated();
  await page.locator(rows, { hasText: "Rename the cart" }).click();
  await expect(page).toHaveURL(new RegExp(`/sessions/${cart.id}`));
  await expect(page.locator(".conversation")).toContainText("Basket");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/sessions(\?|$)/);
  await expect(page.locator("main.page .row-link", { hasText: "Rename the cart" })).toBeVisible();
});

test("the way back works from a session that was opened by its address", async ({ page, hydrated }) => {
  await page.goto(`/sessions/${cart.id}`);
  await hydrated();
  await page.keyboard.press("Escape");
  await expect(page.locator("main.page .row-link", { hasText: "Rename the cart" })).toBeVisible();
});

test("the newest sessions stand beside a conversation where there is room, and are not made where there is none", async ({ page, hydrated, isMobile }) => {
  await page.goto(`/sessions/${cart.id}`);
  await hydrated();
  const beside = page.locator(".list-column .row-link");
  await expect(beside).toHaveCount(isMobile ? 0 : 3);
  if (isMobile) return;
  await beside.filter({ hasText: "Fix the login" }).click();
  await expect(page.locator(".conversation")).toContainText("Login answers 401");
  await page.setViewportSize({ width: 700, height: 900 });
  await expect(beside).toHaveCount(0);
});

test("an hour of the strip narrows the list to it", async ({ page, hydrated }) => {
  await page.goto("/sessions?since=24h");
  await hydrated();
  await page.locator(".strip-words summary").click();
  const hour = page.locator(".strip-words a").first();
  await hour.click();
  await expect(page).toHaveURL(/between=/);
  await expect(page.locator(".chip.is-chosen")).toBeVisible();
  const left = await page.locator(rows).count();
  expect(left).toBeGreaterThan(0);
  await page.locator(".chip.is-chosen").click();
  await expect(page).not.toHaveURL(/between=/);
});

test("what begins elsewhere appears by itself", async ({ page, server, hydrated }) => {
  await page.goto("/sessions?since=7d");
  await hydrated();
  const digit = test.info().project.name === "phone" ? "7" : "8";
  const title = `Begun on the ${test.info().project.name}`;
  writeSession(server.claudeFolder, {
    id: idOf(digit), cwd: "/home/ada/shop", title, endedAt: minutesAgo(0), said: [{ prompt: title }],
  });
  await expect(page.locator(rows, { hasText: title })).toBeVisible();
});

test("projects lead to their sessions", async ({ page, hydrated }) => {
  await page.goto("/projects");
  await hydrated();
  await page.locator(rows, { hasText: "api.v2" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "api.v2" })).toBeVisible();
  await expect(page.locator(rows)).toHaveCount(1);
  await expect(page.locator(rows)).toContainText("Fix the login");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { level: 1, name: "Projects" })).toBeVisible();
  await expect(page.locator(rows, { hasText: "api.v2" })).toBeVisible();
});

test("nothing is wider than the screen", async ({ page }) => {
  for (const path of ["/sessions?since=7d", "/projects", `/sessions/${longName.id}`, `/sessions/${login.id}`]) {
    await page.goto(path);
    const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(content, path).toBeLessThanOrEqual(screen);
  }
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("lists, filters and conversations can be read", async ({ page, consoleMessages }) => {
    await page.goto("/sessions?since=7d");
    await expect(page.locator(rows, { hasText: "Rename the cart" })).toBeVisible();
    await page.locator("#filter").fill("login");
    await page.getByRole("button", { name: "Filter" }).click();
    await expect(page.locator(rows)).toHaveCount(1);
    await page.locator(rows).click();
    await expect(page.locator(".conversation")).toContainText("Find out why");
    // The browser itself remarks that the WebAssembly was fetched for nothing.
    expect(consoleMessages.filter((message) => !message.includes("preloaded"))).toEqual([]);
    consoleMessages.length = 0;
  });
});
