// Names the journeys that failed, and those that passed only when they were tried again, a line each, in two files:
// `cargo xtask test` ends with them, since whoever reads a long log from its end should not have to look for them.
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
  private failed = new Map<TestCase, string>();

  onTestEnd(test: TestCase, result: TestResult) {
    if (result.status !== test.expectedStatus && result.status !== "skipped") {
      this.failed.set(test, line(test, result.error));
    }
  }

  onEnd() {
    const lines = (flaky: boolean) =>
      [...this.failed].filter(([test]) => (test.outcome() === "flaky") === flaky).map(([, line]) => line).join("\n");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "failed-journeys.txt"), lines(false));
    writeFileSync(join(folder, "flaky-journeys.txt"), lines(true));
  }
}
