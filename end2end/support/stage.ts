// A stage for agents: `orchestra web` with the real client and a scripted model, and a browser that is paired with it.
import { execFileSync } from "node:child_process";
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import { startSandbox, type Sandbox } from "./agents.js";
import { startServer, type Server } from "./server.js";

export interface Stage {
  sandbox: Sandbox;
  server: Server;
  /** Starts the server again where it was. */
  restart(): Promise<void>;
  /** The program in a terminal. */
  orchestra(...words: string[]): string;
}

interface Browsers {
  /** A browser that is paired, with the page open. */
  open: (path: string) => Promise<Page>;
  /** Pairs one more browser. The server starts anew for it: a link is shown at a start, and good once. */
  pair: () => Promise<Page>;
}

export const test = base.extend<Browsers, { stage: Stage }>({
  stage: [
    async ({}, use) => {
      const sandbox = await startSandbox();
      const stage = { sandbox, server: await startServer({ sandbox }) } as Stage;
      const port = Number(new URL(stage.server.origin).port);
      stage.restart = async () => {
        stage.server = await startServer({ sandbox, port });
      };
      stage.orchestra = (...words) =>
        execFileSync(process.env.ORCHESTRA_BINARY ?? "", words, { cwd: sandbox.shop, env: sandbox.environment }).toString();
      await use(stage);
      for (const agent of JSON.parse(stage.orchestra("status", "--all", "--json")).agents) {
        if (["running", "waiting", "idle", "starting"].includes(agent.state)) stage.orchestra("stop", agent.id);
      }
      await stage.server.stop();
      sandbox.stop();
    },
    { scope: "worker" },
  ],
  pair: async ({ stage, browser, serviceWorkers }, use, info) => {
    const { viewport, isMobile, hasTouch, deviceScaleFactor } = info.project.use;
    const contexts: BrowserContext[] = [];
    const troubles: string[] = [];
    await use(async () => {
      const context = await browser.newContext({ viewport, isMobile, hasTouch, deviceScaleFactor, serviceWorkers });
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (problem) => troubles.push(problem.message));
      await stage.server.stop();
      await stage.restart();
      await page.goto(stage.server.pairingUrl);
      return page;
    });
    expect(troubles, "nothing is thrown in a page").toEqual([]);
    for (const context of contexts) await context.close();
  },
  open: async ({ stage, pair }, use) => {
    await use(async (path) => {
      const page = await pair();
      await page.goto(stage.server.origin + path);
      await hydrated(page);
      return page;
    });
  },
});

/** For journeys that hold up or answer requests: those of a page with a service worker are not Playwright's to see. */
export const withoutServiceWorker = { serviceWorkers: "block" } as const;

/** Waits until the WebAssembly has taken a page over. */
export const hydrated = (page: Page) => page.locator("html[data-hydrated]").waitFor({ state: "attached" });

/** Starts agents from the page New, one a paragraph, in the stage's repository. */
export const spawnFrom = async (page: Page, stage: Stage, tasks: string) => {
  await page.locator("#tasks").fill(tasks);
  await page.locator("#folder").selectOption({ value: "" });
  await page.locator("[name=other_folder]").fill(stage.sandbox.shop);
  await page.locator("[name=trust]").check();
  await page.getByRole("button", { name: "Start" }).click();
};

/** Axe has nothing to say about the page. */
export const accessible = async (page: Page) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
};

/** An agent on the page Now. */
export const card = (page: Page, name: RegExp) => page.locator(".agent-card", { hasText: name });

export { expect };
