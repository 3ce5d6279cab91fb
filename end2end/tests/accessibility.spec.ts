// Axe on every page, in both themes; and every page on the narrowest phone, with text twice as large.
import AxeBuilder from "@axe-core/playwright";
import { cart, login, longName, someProjects } from "../support/history.js";
import { beyondTheEdge } from "../support/narrow.js";
import { expect, test } from "../support/test.js";

test.use({ history: { write: someProjects } });

const pages = {
  "no agents": "/",
  "no runs": "/runs",
  "new agents": "/new",
  "going on with a session": `/new?session=${cart.id}`,
  "settings": "/settings",
  "sessions": "/sessions?since=7d",
  "nothing found": "/sessions?q=nothing+like+this",
  "one hour": `/sessions?between=${Math.floor(cart.endedAt / 3_600_000) * 3600}-${Math.floor(cart.endedAt / 3_600_000) * 3600 + 3600}`,
  "projects": "/projects",
  "a project": `/projects?dir=${encodeURIComponent(longName.cwd)}`,
  "a conversation": `/sessions/${cart.id}`,
  "a conversation that waits": `/sessions/${login.id}`,
  "no such session": "/sessions/99999999",
  "no such page": "/nowhere",
  "offline": "/offline",
};

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const [name, path] of Object.entries(pages)) {
      test(name, async ({ page, consoleMessages }) => {
        const answer = await page.goto(path);
        if (answer?.status() === 404) {
          // The browser itself says on the console that a page was not found.
          consoleMessages.length = 0;
        }
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
      });
    }
  });
}

test("no page scrolls sideways at 320 pixels, with text as it is or twice as large", async ({ page, consoleMessages }) => {
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    expect(await beyondTheEdge(page), name).toEqual([]);
  }
  // The browser itself says on the console that a page was not found.
  consoleMessages.length = 0;
});
