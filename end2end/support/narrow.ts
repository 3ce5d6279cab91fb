// What a page does on the narrowest phone whose owner has text twice as large.
import type { Page } from "@playwright/test";

/** What reaches beyond the window's edge, so that the page scrolls sideways: at 320 pixels, with text as it is and twice
 * as large. */
export async function beyondTheEdge(page: Page): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const found: string[] = [];
  for (const percent of [100, 200]) {
    found.push(...await page.evaluate((percent) => {
      const root = document.documentElement;
      root.style.fontSize = `${percent}%`;
      if (root.scrollWidth <= 320) return [];
      const isBeyond = (element: Element) => element.getBoundingClientRect().right > 320.5;
      const beyond = [...document.querySelectorAll("main *")].filter(isBeyond);
      const names = beyond.map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
      return [`${percent} %: ${root.scrollWidth} pixels: ${names.slice(0, 5).join(", ")}`];
    }, percent));
  }
  await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  await page.setViewportSize(before!);
  return found;
}
