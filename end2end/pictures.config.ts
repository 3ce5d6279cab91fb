// The README's pictures and its recording, taken from `orchestra demo`; not a test, run when the pages look different:
//
//     cargo xtask build
//     cd end2end && ORCHESTRA_BINARY=../target/release/orchestra npx playwright test --config pictures.config.ts
//
// The recording needs ffmpeg on the PATH. What they make lies in docs/.
import config from "./playwright.config.js";

export default { ...config, testDir: "pictures", timeout: 180_000, projects: [{ name: "pictures" }] };
