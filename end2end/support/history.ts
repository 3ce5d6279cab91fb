// Histories that journeys read: the lines have the form that the real client writes, what is in them is made up.
import { appendFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MINUTE = 60_000;

/** What is said in a session, in order. */
export type Said =
  | { prompt: string }
  | { answer: string }
  | { edit: { path: string; before: string; after: string } }
  | { run: { command: string; output: string } };

export interface SessionPlan {
  id: string;
  cwd: string;
  said: Said[];
  /** When the last of it was said. */
  endedAt: number;
  title?: string;
  branch?: string;
  /** Milliseconds between what is said. */
  pace?: number;
}

export const minutesAgo = (minutes: number) => Date.now() - minutes * MINUTE;

/** An id that is easy to tell apart: its first eight digits are all `digit`. */
export const idOf = (digit: string) => `${digit.repeat(8)}-1111-4111-8111-111111111111`;

/** Writes a session under a Claude Code folder, dated as its last line; answers the file's path. */
export function writeSession(claudeFolder: string, plan: SessionPlan): string {
  const bucket = join(claudeFolder, "projects", plan.cwd.replace(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(bucket, { recursive: true });
  const path = join(bucket, `${plan.id}.jsonl`);
  const pace = plan.pace ?? 20_000;
  const started = plan.endedAt - pace * plan.said.length;
  const writer = new Writer(plan);
  const lines = plan.said.flatMap((said, index) => writer.lines(said, started + pace * (index + 1)));
  if (plan.title) {
    lines.push(JSON.stringify({ type: "ai-title", aiTitle: plan.title, sessionId: plan.id }));
  }
  writeFileSync(path, `${lines.join("\n")}\n`);
  utimesSync(path, new Date(plan.endedAt), new Date(plan.endedAt));
  return path;
}

/** Appends to a session, as its client would: whole lines, now. */
export function append(path: string, plan: Pick<SessionPlan, "id" | "cwd" | "branch">, ...said: Said[]): void {
  const last = readFileSync(path, "utf8").trimEnd().split("\n").reverse();
  const parent = last.map((line) => JSON.parse(line).uuid).find((uuid) => uuid) ?? null;
  const writer = new Writer(plan, parent);
  const lines = said.flatMap((one) => writer.lines(one, Date.now()));
  appendFileSync(path, `${lines.join("\n")}\n`);
}

/** Says that a process owns a session: this one, which is certainly alive. */
export function markLive(claudeFolder: string, plan: SessionPlan, status: "busy" | "idle" | "waiting"): void {
  const folder = join(claudeFolder, "sessions");
  mkdirSync(folder, { recursive: true });
  // The field after the last parenthesis is the third; a process' start is the twenty-second.
  const procStart = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ")[19];
  const record = {
    pid: process.pid, sessionId: plan.id, cwd: plan.cwd, startedAt: plan.endedAt, procStart,
    version: "2.1.197", kind: "interactive", entrypoint: "cli", status, updatedAt: Date.now(),
  };
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(record));
}

/** Turns what is said into lines that are chained as the client chains them. */
class Writer {
  private number = 0;

  constructor(
    private readonly plan: Pick<SessionPlan, "id" | "cwd" | "branch">,
    private parent: string | null = null,
  ) {}

  lines(said: Said, at: number): string[] {
    if ("prompt" in said) {
      return [this.line("user", { role: "user", content: said.prompt }, at)];
    }
    if ("answer" in said) {
      return [this.reply({ type: "text", text: said.answer }, at)];
    }
    const id = `toolu_${this.uuid(at)}`;
    const [name, input, output] =
      "edit" in said
        ? ["Edit", { file_path: said.edit.path, old_string: said.edit.before, new_string: said.edit.after }, "Updated."]
        : ["Bash", { command: said.run.command }, said.run.output];
    return [
      this.reply({ type: "tool_use", id, name, input }, at),
      this.line(
        "user",
        { role: "user", content: [{ tool_use_id: id, type: "tool_result", content: output, is_error: false }] },
        at,
      ),
    ];
  }

  private reply(block: object, at: number): string {
    return this.line(
      "assistant",
      {
        id: `msg_${this.uuid(at)}`, type: "message", role: "assistant", model: "claude-opus-4-8", content: [block],
        stop_reason: "end_turn", usage: { input_tokens: 120, output_tokens: 40, cache_read_input_tokens: 9000 },
      },
      at,
    );
  }

  private line(type: string, message: object, at: number): string {
    const uuid = this.uuid(at);
    const line = {
      parentUuid: this.parent, isSidechain: false, type, message, uuid, timestamp: new Date(at).toISOString(),
      userType: "external", entrypoint: "cli", cwd: this.plan.cwd, sessionId: this.plan.id, version: "2.1.197",
      gitBranch: this.plan.branch ?? "main",
    };
    this.parent = uuid;
    return JSON.stringify(line);
  }

  private uuid(at: number): string {
    this.number += 1;
    const number = this.number.toString(16).padStart(12, "0");
    return `${this.plan.id.slice(0, 8)}-${(at & 0xffff).toString(16).padStart(4, "0")}-4000-8000-${number}`;
  }
}

/** A few projects over some days: something live, a long name, a fork's worth of branches. */
export const cart: SessionPlan = {
  id: idOf("1"),
  cwd: "/home/ada/shop",
  title: "Rename the cart",
  branch: "cart-rename",
  endedAt: minutesAgo(4),
  said: [
    { prompt: "Rename Cart to Basket everywhere, and say what you changed." },
    { edit: { path: "/home/ada/shop/cart.rs", before: "pub struct Cart;\n", after: "pub struct Basket;\n" } },
    { run: { command: "cargo test --all", output: "test result: ok. 41 passed; 0 failed" } },
    { answer: "Done. `Cart` is **Basket** now:\n\n```rust\npub struct Basket;\n```\n\nAll 41 tests pass." },
  ],
};

export const login: SessionPlan = {
  id: idOf("2"),
  cwd: "/home/ada/api.v2",
  title: "Fix the login",
  branch: "fix/login-401-after-the-refresh-token-was-rotated",
  endedAt: minutesAgo(190),
  said: [
    { prompt: "Login answers 401 after the token was refreshed. Find out why." },
    { answer: "The old token is still in the cache when the new one arrives." },
  ],
};

export const longName: SessionPlan = {
  id: idOf("3"),
  cwd: "/home/ada/projects/clients/a-company-with-a-long-name/monorepo/packages/frontend-components",
  title: "Move every component of the design system to the new tokens and remove what nothing uses any more",
  branch: "main",
  endedAt: minutesAgo(60 * 26),
  said: [{ prompt: "Move every component to the new tokens." }, { answer: "Moved 118 components." }],
};

export function someProjects(claudeFolder: string): void {
  for (const plan of [cart, login, longName]) {
    writeSession(claudeFolder, plan);
  }
  markLive(claudeFolder, login, "waiting");
}

/** A conversation of 50,000 turns: 25,000 prompts with their answers, each of which says its number. */
export const LONG_TURNS = 50_000;

export const long: SessionPlan = {
  id: idOf("5"),
  cwd: "/home/ada/shop",
  title: "A year of questions",
  endedAt: minutesAgo(3),
  pace: 600,
  said: Array.from({ length: LONG_TURNS / 2 }, (_, index) => [
    { prompt: `Question ${index}: what comes after ${index}?` },
    { answer: `Answer ${index}. ${"It follows from what was said before. ".repeat(index % 7)}` },
  ]).flat(),
};
