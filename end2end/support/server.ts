// One `orchestra web` for a test: the release binary, a home folder of its own, a port of its own.
// The Claude Code folder it reads is made for it, so that a test may append to a session.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zone } from "./zone.js";

/** How long the server may take to say where it listens; it means to need a fraction of a second. */
const START_LIMIT_MS = 20_000;

export interface ServerOptions {
  /** Writes a history into the empty folder that becomes `CLAUDE_CONFIG_DIR`. */
  history?: (claudeFolder: string) => void;
  /** More arguments for `orchestra web`. */
  arguments?: string[];
  /** A home folder that is there already, with the variables that lead there; it stays when the server ends. */
  sandbox?: { home: string; environment: Record<string, string> };
  /** The port; any free one otherwise. */
  port?: number;
}

export interface Server {
  /** The address that pairs a browser with the server, good for one visit. */
  pairingUrl: string;
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  /** The folder that holds everything below; it goes away with the server. */
  home: string;
  /** The Claude Code folder it reads; a test may append to what is in it. */
  claudeFolder: string;
  /** What it has printed so far, both streams in the order they came. */
  output(): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** Ends it as a crash would: at once, with nothing done on the way. */
  kill(): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const program = process.env.ORCHESTRA_BINARY;
  if (!program) {
    throw new Error("ORCHESTRA_BINARY does not say where the release binary is; run `cargo xtask test --only end2end`");
  }
  const home = options.sandbox?.home ?? mkdtempSync(join(tmpdir(), "orchestra-end2end-"));
  const claudeFolder = join(home, ".claude");
  mkdirSync(join(claudeFolder, "projects"), { recursive: true });
  options.history?.(claudeFolder);

  const child = spawn(program, ["web", "--addr", `127.0.0.1:${options.port ?? 0}`, ...(options.arguments ?? [])], {
    cwd: home,
    // Nothing of the surroundings: what the machine's owner has set must not change a test.
    env: options.sandbox?.environment ?? {
      PATH: process.env.PATH,
      HOME: home,
      CLAUDE_CONFIG_DIR: claudeFolder,
      LANG: "C.UTF-8",
      TZ: zone,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const stop = async () => {
    await end(child, "SIGTERM");
    if (!options.sandbox) rmSync(home, { recursive: true, force: true });
  };
  const kill = () => end(child, "SIGKILL");
  try {
    const pairingUrl = await new Promise<string>((resolve, reject) => {
      const words = () => `what \`orchestra web\` printed:\n${output}`;
      const timer = setTimeout(
        () => reject(new Error(`no address after ${START_LIMIT_MS} ms; ${words()}`)),
        START_LIMIT_MS,
      );
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        // The whole line must have arrived, or the end of the token would be missing.
        const address = /(http:\/\/127\.0\.0\.1:\d+\/pair\S*)\s/.exec(output)?.[1];
        if (address) {
          clearTimeout(timer);
          resolve(address);
        }
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.once("error", reject);
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`ended with ${code} before it listened; ${words()}`));
      });
    });
    return { pairingUrl, origin: new URL(pairingUrl).origin, home, claudeFolder, output: () => output, stop, kill };
  } catch (problem) {
    await stop();
    throw problem;
  }
}

/** Asks it to end, and insists when it does not. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
    return;
  }
  await new Promise<void>((resolve) => {
    const insist = setTimeout(() => child.kill("SIGKILL"), 5_000);
    child.once("exit", () => {
      clearTimeout(insist);
      resolve();
    });
    child.kill(signal);
  });
}
