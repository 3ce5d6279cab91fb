// `orchestra demo`, started as a person would, and told of in JSON.
import { spawn } from "node:child_process";

/** How long the demo may take to make its world and start its agents; it means to need some seconds. */
const START_LIMIT_MS = 60_000;

export interface Demo {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** The address that pairs a browser, good once. */
  pairing_url: string;
  /** What goes when it ends. */
  folder: string;
  /** Ends it as Ctrl-C does; answers its exit code. */
  end(): Promise<number | null>;
}

/** Starts a demo, so many times faster than life. */
export async function startDemo(speed: number): Promise<Demo> {
  const program = process.env.ORCHESTRA_BINARY;
  if (!program) {
    throw new Error("ORCHESTRA_BINARY does not say where the release binary is; run `cargo xtask test --only end2end`");
  }
  const child = spawn(program, ["demo", "--json", "--addr", "127.0.0.1:0", "--speed", String(speed)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const told = await new Promise<Omit<Demo, "end">>((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => {
      child.kill("SIGINT");
      reject(new Error(`the demo said nothing after ${START_LIMIT_MS} ms:\n${words}`));
    }, START_LIMIT_MS);
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith("\n")) {
        clearTimeout(timer);
        resolve(JSON.parse(said));
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the demo ended with ${code}:\n${words}`));
    });
  });
  const end = () => {
    child.kill("SIGINT");
    return ended;
  };
  return { ...told, end };
}
