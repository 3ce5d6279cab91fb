import { chromium } from "@playwright/test";
import { spawn, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
const out = "/tmp/look";
const bin = process.env.ORCHESTRA_BINARY;
const many = Number(process.argv[2] ?? 0);
const child = spawn(bin, ["demo", "--json", "--addr", "127.0.0.1:0", "--speed", "8"], { stdio: ["ignore", "pipe", "inherit"] });
const demo = JSON.parse(await new Promise((r) => { let s = ""; child.stdout.on("data", (d) => { s += d; if (s.endsWith("\n")) r(s); }); }));
const env = { ...process.env, ...demo.env };
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const first = await b.newContext();
  const p = await first.newPage();
  await p.goto(demo.pairing_url);
  const storageState = await first.storageState();
  if (many) {
    const tasks = Array.from({ length: many }, (_, i) => ["build auth", "write tests", "optimise queries", "update the docs", "a longer piece of work that has a name which does not fit on a phone " + i][i % 5]);
    execFileSync(bin, ["spawn", "--trust", "--json", "--", ...tasks], { env, cwd: demo.repository, stdio: "ignore" });
  }
  await p.goto(demo.url);
  await p.locator("html[data-hydrated]").waitFor({ state: "attached", timeout: 60000 });
  await p.locator(".agent-card .ask").nth(2).waitFor({ timeout: 60000 });
  await p.waitForTimeout(6000);
  const agents = JSON.parse(execFileSync(bin, ["status", "--all", "--json"], { env, cwd: demo.repository })).agents;
  const by = (re) => agents.find((a) => re.test(a.name));
  const build = by(/build-auth$/), q = by(/write-tests$/), plan = by(/optimise/), done = agents.find((a) => a.state === "idle" || a.state === "done");
  const sessions = JSON.parse(execFileSync(bin, ["sessions", "--all", "--json"], { env, cwd: demo.repository })).sessions;
  const human = sessions.find((s) => s.kind === "human" && s.size_bytes > 5000);
  const held = sessions.find((s) => s.agent);
  const pages = many ? { [`now-many`]: "/" , "agent-many": `/agents/${build.id}`} : {
    now: "/", ask: `/agents/${build.id}`, question: `/agents/${q.id}`, plan: `/agents/${plan.id}`,
    changes: `/agents/${build.id}?tab=changes`, result: `/agents/${done.id}?tab=result`, done: `/agents/${done.id}`, new: "/new", goon: `/new?session=${human.id}`,
    settings: "/settings", sessions: "/sessions", transcript: `/sessions/${human.id}`, held: `/sessions/${held?.id}`, projects: "/projects",
    project: `/projects?dir=${encodeURIComponent(human.project_dir)}`, nothing: "/sessions?q=zzzz", nowhere: "/nowhere", noagent: "/agents/zzzz2345",
  };
  const sizes = { phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }, small: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true }, desk: { viewport: { width: 1440, height: 900 } }, big: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, big: true } };
  for (const [size, { big, ...opts }] of Object.entries(sizes)) for (const colorScheme of ["light", "dark"]) {
    if (colorScheme === "dark" && (size === "small" || size === "big")) continue;
    const c = await b.newContext({ ...opts, colorScheme, storageState, bypassCSP: true, reducedMotion: "reduce" });
    const page = await c.newPage();
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(new URL(path, demo.url).href);
      await page.locator("html[data-hydrated]").waitFor({ state: "attached", timeout: 30000 }).catch(() => console.log("not hydrated", name));
      if (big) await page.addStyleTag({ content: "html{font-size:200%}" });
      await page.waitForTimeout(250);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) console.log("overflows", size, name, over);
      await page.screenshot({ path: `${out}/${size}-${colorScheme}-${name}.png`, fullPage: size !== "desk" && !/sessions|transcript|many|ask|done|held/.test(name) });
    }
    await c.close();
  }
} finally {
  await b.close();
  child.kill("SIGINT");
  await new Promise((r) => child.once("exit", r));
}
