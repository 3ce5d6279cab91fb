// The real client with a scripted model, in a home folder of its own, and a repository to work in.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zone } from "./zone.js";

export interface Sandbox {
  /** What `orchestra` is to be started with. */
  environment: Record<string, string>;
  /** The home folder. */
  home: string;
  /** A repository with one commit. */
  shop: string;
  stop(): void;
}

/** Starts the model, and makes home and repository. */
export async function startSandbox(): Promise<Sandbox> {
  const program = process.env.ORCHESTRA_SANDBOX;
  if (!program) {
    throw new Error("ORCHESTRA_SANDBOX does not say where the sandbox is; run `cargo xtask test --only end2end`");
  }
  // It ends with its standard input.
  const child: ChildProcess = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
  const words = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (/^cd '.*'$/m.test(said)) resolve(said);
    });
    child.once("exit", (code) => reject(new Error(`the sandbox ended with ${code}: ${said}`)));
  });
  // By itself the client tries for minutes when the model is not to be had.
  const environment: Record<string, string> = { LANG: "C.UTF-8", TZ: zone, CLAUDE_CODE_MAX_RETRIES: "1" };
  for (const [, name, value] of words.matchAll(/^export (\w+)='(.*)'$/gm)) {
    if (name) environment[name] = value ?? "";
  }
  const home = environment["HOME"] ?? "";
  const shop = join(home, "shop");
  mkdirSync(shop);
  writeFileSync(join(shop, "main.rs"), "fn main() {\n    println!(\"shop\");\n}\n");
  const git = (...words: string[]) => execFileSync("git", words, { cwd: shop, env: environment, stdio: "pipe" });
  git("config", "--global", "user.name", "Ada");
  git("config", "--global", "user.email", "ada@example.org");
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-q", "-m", "first");
  return { environment, home, shop, stop: () => child.stdin?.end() };
}
