// `orchestra demo`, as whoever tries it first meets it: the link opens it, every page has something to show, and an
// agent that asks can be answered.
import { existsSync } from "node:fs";
import { expect, test as base } from "@playwright/test";
import { startDemo, type Demo } from "../support/demo.js";
import { beyondTheEdge } from "../support/narrow.js";
import { tap } from "../support/tap.js";

const test = base.extend<{}, { demo: Demo }>({
  demo: [
    async ({}, use) => {
      const demo = await startDemo(8);
      await use(demo);
      expect(await demo.end()).toBe(0);
      expect(existsSync(demo.folder), "nothing is left of it").toBe(false);
    },
    { scope: "worker" },
  ],
});

test.setTimeout(120_000);

test("the demo's link opens it; every page loads and fits the narrowest phone, and an agent can be answered", async ({ page, demo }) => {
  const messages: string[] = [];
  page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (problem) => messages.push(`uncaught: ${problem.message}`));
  const hydrated = () => page.locator("html[data-hydrated]").waitFor({ state: "attached" });

  await page.goto(demo.pairing_url);
  await hydrated();
  const build = page.locator(".agent-card", { hasText: "build-auth" });
  await expect(build.locator(".ask")).toContainText("./test.sh");
  await tap(build.getByRole("button", { name: "Allow", exact: true }));
  await expect(page.locator(".now-part", { hasText: "Finished" }).locator(".agent-card", { hasText: "build-auth" })).toBeVisible();

  // Each place and each part of an agent shows something of its own.
  const agent = await build.locator(".agent-link-row").getAttribute("href");
  const transcript = async () => {
    await page.goto(new URL("/sessions?since=7d", demo.url).href);
    return page.locator(".row-link").first().getAttribute("href");
  };
  const pages = [
    { path: agent, shows: ".turn-reply" },
    { path: `${agent}?tab=changes`, shows: ".work .changed-file" },
    { path: `${agent}?tab=result`, shows: ".work .test-line" },
    { path: "/sessions", shows: ".row-link" },
    { path: await transcript(), shows: ".turn-prompt" },
    { path: "/projects", shows: "main a[href^='/projects?dir=']" },
    { path: "/runs", shows: ".run-row" },
    { path: "/new", shows: "#tasks" },
    { path: "/settings", shows: ".device" },
  ];
  for (const { path, shows } of pages) {
    const answer = await page.goto(new URL(path!, demo.url).href);
    expect(answer?.status(), path!).toBe(200);
    await hydrated();
    await expect(page.locator(shows).first(), path!).toBeVisible();
    expect(await beyondTheEdge(page), path!).toEqual([]);
  }

  // Two attempts at one task beside each other, and agents that talk.
  const runOf = async (name: string) => {
    await page.goto(new URL("/runs", demo.url).href);
    await page.getByRole("link", { name }).first().click();
  };
  await runOf("show-prices-by-the-kilo");
  await expect(page.locator(".column")).toHaveCount(2);
  await expect(page.getByRole("button", { name: "Choose this" })).toHaveCount(2);
  expect(await beyondTheEdge(page), "results").toEqual([]);
  await expect(page.locator(".column").filter({ hasText: "passed" })).toHaveCount(1);
  await runOf("prepare-the-release");
  await page.getByRole("link", { name: "Threads" }).click();
  await expect(page.locator(".thread").filter({ hasText: "write-the-notes" }).first()).toContainText("1.1.0");
  expect(await beyondTheEdge(page), "threads").toEqual([]);
  await page.getByRole("link", { name: "Graph" }).click();
  await expect(page.locator(".graph-picture:visible .edge.is-started")).toHaveCount(1);
  expect(await beyondTheEdge(page), "graph").toEqual([]);
  expect(messages, "the page's console must stay empty").toEqual([]);
});
