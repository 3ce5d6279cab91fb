// The settings of notifications: what is chosen is kept for every device, and why this one gets none is said.
import { expect, test } from "../support/test.js";

test("what is told, and when not, is kept", async ({ page, context, hydrated }) => {
  await context.grantPermissions(["notifications"]);
  await page.goto("/settings");
  await hydrated();
  const part = page.locator("[data-notifications]");
  await expect(part.getByRole("status").first()).toHaveText("Off: this device is told nothing.");
  await expect(part.getByRole("button", { name: "Turn on" })).toBeVisible();
  await expect(part.getByRole("button", { name: "Send a test" })).toBeHidden();

  const finished = part.getByRole("checkbox", { name: "has finished" });
  const before = await finished.isChecked();
  await finished.click();
  await expect(part.locator("[data-part=kept]")).toHaveText("Kept.");
  // Quiet hours begin with a night.
  await expect(part.getByLabel("from")).toBeDisabled();
  await part.getByRole("checkbox", { name: "Hold notifications back" }).check();
  await expect(part.getByLabel("from")).toHaveValue("22:00");
  await part.getByLabel("to", { exact: true }).fill("06:30");
  await part.getByLabel("to", { exact: true }).blur();
  await expect
    .poll(async () => (await (await page.request.get("/push/settings")).json()).quiet)
    .toEqual({ from: "22:00", to: "06:30" });

  await page.reload();
  await hydrated();
  await expect(finished).toBeChecked({ checked: !before });
  await expect(part.getByLabel("from")).toHaveValue("22:00");
  await expect(part.getByLabel("to", { exact: true })).toHaveValue("06:30");
  // As it was, for whoever uses this server next.
  await finished.click();
  await part.getByRole("checkbox", { name: "Hold notifications back" }).uncheck();
  await expect.poll(async () => (await (await page.request.get("/push/settings")).json()).quiet).toBeNull();
});

test("a browser that was told to show none says so, and where to change that", async ({ browser, paired, server }) => {
  const context = await browser.newContext({ storageState: paired });
  const denied = await context.newPage();
  const devtools = await context.newCDPSession(denied);
  const { targetInfo } = await devtools.send("Target.getTargetInfo");
  await devtools.send("Browser.setPermission", {
    permission: { name: "notifications" }, setting: "denied", origin: server.origin,
    browserContextId: targetInfo.browserContextId,
  });
  await denied.goto(`${server.origin}/settings`);
  await expect(denied.locator("[data-notifications] [data-part=state]")).toContainText("Blocked");
  await expect(denied.getByRole("button", { name: "Turn on" })).toBeHidden();
  await expect(denied.getByRole("checkbox", { name: "has finished" })).toBeVisible();
  await context.close();
});
