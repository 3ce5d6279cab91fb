// The `test` that every journey imports: a server for the worker, a browser that is paired with it, and a console
// that must stay empty.
import { expect, test as base, type BrowserContextOptions } from "@playwright/test";
import { startServer, type Server } from "./server.js";

type StorageState = Exclude<BrowserContextOptions["storageState"], string | undefined>;

interface Options {
  /**
   * What the server finds in its Claude Code folder; set it with `test.use` at the top of a file. An object, since
   * Playwright takes a bare function for a fixture.
   */
  history: { write(claudeFolder: string): void } | undefined;
}

interface WorkerFixtures {
  server: Server;
  /** The cookie of a browser that was paired: a pairing address is good once, and each test has a new browser. */
  paired: StorageState;
}

interface Fixtures {
  /** What the page wrote to the console and every error it threw. Must be empty when the test ends. */
  consoleMessages: string[];
  /** Waits until the WebAssembly has taken the page over. */
  hydrated: () => Promise<void>;
}

export const test = base.extend<Fixtures, Options & WorkerFixtures>({
  history: [undefined, { option: true, scope: "worker" }],

  server: [
    async ({ history }, use) => {
      const server = await startServer({ history: history?.write });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  paired: [
    async ({ browser, server }, use) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(server.pairingUrl);
      await page.waitForURL((address) => address.pathname !== "/pair");
      const state = await context.storageState();
      await context.close();
      await use(state);
    },
    { scope: "worker" },
  ],

  storageState: async ({ paired }, use) => use(paired),
  baseURL: async ({ server }, use) => use(server.origin),

  hydrated: async ({ page }, use) => {
    await use(async () => page.locator("html[data-hydrated]").waitFor({ state: "attached" }));
  },

  consoleMessages: [
    async ({ page }, use) => {
      const messages: string[] = [];
      page.on("console", (message) => messages.push(`${message.type()}: ${message.text()} (${message.location().url})`));
      page.on("pageerror", (problem) => messages.push(`uncaught: ${problem.message}`));
      await use(messages);
      expect(messages, "the page's console must stay empty").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
