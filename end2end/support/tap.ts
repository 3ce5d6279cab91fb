// A tap on an answer, as a person makes it: an answer counts only once it has stood still for a moment.
import type { Locator } from "@playwright/test";

/** Somewhat longer than `shell/steady.js` has it. */
const STILL_MS = 800;

/** Taps a button that answers an agent, when it has stood there for as long as it takes to read; again, when the page says
 * that it moved meanwhile. */
export async function tap(answer: Locator): Promise<void> {
  await answer.waitFor();
  const moved = answer.page().getByText("It has only just come here");
  do {
    await answer.page().waitForTimeout(STILL_MS);
    await answer.click();
  } while (await moved.isVisible());
}
