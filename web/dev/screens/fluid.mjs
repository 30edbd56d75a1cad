/**
 * How much of a processor the board takes with 200 agents and 50 waiting callers while the floor changes:
 * `node dev/screens/fluid.mjs [--changes 30] [--seconds 10]`. Prints shares of one processor and the longest task, in processor time.
 */
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";
import { build, preview } from "vite";

import { install } from "./backend.mjs";

const { values } = parseArgs({ options: { changes: { type: "string", default: "30" }, seconds: { type: "string", default: "10" } } });
const outDir = "node_modules/.fluid";
await build({ logLevel: "error", build: { outDir, emptyOutDir: true } });
const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, build: { outDir }, logLevel: "error" });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const { live, send } = await install(context, {});
  const page = await context.newPage();
  await page.goto(`${server.resolvedUrls.local[0]}board`);
  await page.waitForSelector("[data-agent]");
  await page.waitForTimeout(2000);
  const measure = async (name, changes) => {
    await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "cc", "blink"] });
    const ticker = setInterval(() => {
      const agent = live.agents[Math.floor(Math.random() * live.agents.length)];
      const state = ["ready", "talking", "wrap_up", "ringing"][Math.floor(Math.random() * 4)];
      if (changes > 0) send({ t: "set", kind: "agent", id: agent.id, value: { ...agent, state, since: Date.now() } });
    }, 1000 / Math.max(1, changes));
    await page.waitForTimeout(Number(values.seconds) * 1000);
    clearInterval(ticker);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const main = traceEvents.find((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
    const mine = traceEvents.filter((event) => event.ph === "X" && event.tid === main.tid && event.pid === main.pid && event.tdur);
    // Processor time, not time by the clock: a busy machine must not look like a slow page.
    const sum = (name) => mine.filter((event) => event.name === name).reduce((total, event) => total + event.tdur, 0);
    const share = (name) => `${(sum(name) / Number(values.seconds) / 10_000).toFixed(1)} %`;
    const longest = Math.max(...mine.filter((event) => event.name === "ThreadControllerImpl::RunTask").map((event) => event.tdur));
    const frames = mine.filter((event) => event.name === "ProxyMain::BeginMainFrame").length;
    console.log(`${name}: main thread ${share("ThreadControllerImpl::RunTask")}, layout ${share("Layout")}, paint ${share("Paint")}, ${frames} frames, longest task ${(longest / 1000).toFixed(0)} ms`);
  };
  await measure("only time passes", 0);
  await measure(`${values.changes} changes/s`, Number(values.changes));
} finally {
  await browser.close();
  await new Promise((done) => server.httpServer.close(done));
}
