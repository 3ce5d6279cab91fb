// Names the journeys that failed, a line each, in a file: `cargo xtask test` ends with them, since whoever reads a
// long log from its end should not have to look for them.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Reporter, TestCase, TestError, TestResult } from "@playwright/test/reporter";

const folder = "test-results";
const colours = /\u001b\[[0-9;]*m/g;

function line(test: TestCase, error: TestError | undefined): string {
  const file = basename(test.location.file);
  const where = error?.location && basename(error.location.file) === file ? `, line ${error.location.line}` : "";
  const words = (error?.message ?? "").replace(colours, "").split("\n")[0];
  return `${file}:${test.location.line} [${test.parent.project()?.name}]${where}: ${words}`;
}

export default class Failures implements Reporter {
  private lines: string[] = [];

  onTestEnd(test: TestCase, result: TestResult) {
    if (result.status !== test.expectedStatus && result.status !== "skipped") {
      this.lines.push(line(test, result.error));
    }
  }

  onEnd() {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "failed-journeys.txt"), this.lines.join("\n"));
  }
}
