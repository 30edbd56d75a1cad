/**
 * Pictures of the pages: `node dev/screens/shots.mjs [--out DIR] [--only board,wall] [--quick]`.
 * Every page in both languages, empty and full, light and dark, at 1366×768 and 1920×1080; `--quick`: one of each.
 */
import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";
import { createServer } from "vite";

import { install } from "./backend.mjs";
import { PAGES } from "./pages.mjs";

const { values } = parseArgs({ options: { out: { type: "string", default: "test-results/screens" }, only: { type: "string" }, quick: { type: "boolean", default: false }, lang: { type: "string" }, theme: { type: "string" }, size: { type: "string" }, empty: { type: "boolean", default: false } } });
const wanted = values.only?.split(",");
const pages = PAGES.filter((page) => !wanted || wanted.some((one) => page.name.startsWith(one)));
const SIZES = [[1366, 768], [1920, 1080]].filter(([width]) => !values.size || String(width) === values.size).slice(0, values.quick ? 1 : 2);
const LANGUAGES = ["zh-CN", "en"].filter((one) => !values.lang || one === values.lang).slice(0, values.quick ? 1 : 2);
const THEMES = ["light", "dark"].filter((one) => !values.theme || one === values.theme).slice(0, values.quick ? 1 : 2);

const vite = await createServer({ server: { port: 0, hmr: false, watch: null }, logLevel: "error", cacheDir: "node_modules/.vite-shots" });
await vite.listen();
const base = vite.resolvedUrls.local[0].replace(/\/$/, "");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
await mkdir(values.out, { recursive: true });
let faults = 0;
try {
  for (const [width, height] of SIZES) for (const locale of LANGUAGES) for (const theme of THEMES) for (const empty of values.empty ? [true] : values.quick ? [false] : [false, true]) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale });
    await install(context, { locale, empty });
    const page = await context.newPage();
    page.on("console", (message) => { if (["error", "warning"].includes(message.type()) && !/404|409|422/.test(message.text())) { faults += 1; console.log("console:", message.text().slice(0, 300)); } });
    page.on("pageerror", (error) => { faults += 1; console.log("error:", error.message); });
    for (const one of pages) {
      if (empty && one.fullOnly) continue;
      await page.goto(base + one.path, { waitUntil: "load" });
      await page.waitForSelector(one.ready ?? "#page h1", { timeout: 30_000 });
      await page.waitForFunction(() => !document.querySelector(".el-loading-mask:not([style*='display: none'])"));
      await one.act?.(page);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 350))));
      await page.screenshot({ path: `${values.out}/${one.name}-${width}-${locale}-${theme}${empty ? "-empty" : ""}.png` });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      if (wide) { faults += 1; console.log("scrolls sideways:", one.name, width, locale); }
    }
    await context.close();
  }
} finally {
  await browser.close();
  await vite.close();
}
console.log(`${pages.length} pages, ${faults} faults, pictures in ${values.out}`);
