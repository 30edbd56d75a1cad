// Pictures of the desk in every scene: start `npm run mock` and `npm run dev` first. node dev/shots.mjs OUT [en] [dark] [WIDTHxHEIGHT] [scene...]
import { mkdirSync } from "node:fs";

import { chromium } from "playwright-core";

import { scenes } from "./scenes.mjs";

const [out = "/tmp/shots", ...rest] = process.argv.slice(2);
const english = rest.includes("en");
const dark = rest.includes("dark");
const [width, height] = (rest.find((one) => /^\d+x\d+$/.test(one)) ?? "1366x768").split("x").map(Number);
const wanted = rest.filter((one) => scenes.includes(one));
const base = process.env.SCREENS ?? "http://127.0.0.1:5173";
const mock = `http://127.0.0.1:${process.env.MOCK_PORT ?? 18099}`;
const suffix = `${english ? "en" : "zh"}${dark ? "-dark" : ""}-${width}`;

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
});
const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
const page = await context.newPage();
page.on("console", (message) => message.type() === "error" && console.log("console:", message.text()));
page.on("pageerror", (error) => console.log("page error:", error.message));

const set = (name) => fetch(`${mock}/mock/scene`, { method: "POST", body: JSON.stringify({ name }) });
const shot = async (name) => {
  await page.waitForLoadState("networkidle").catch(() => undefined);
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${out}/${name}-${suffix}.png` });
};

await set("not_ready");
await page.goto(`${base}/login`);
await page.getByText(english ? "English" : "中文").click();
if (wanted.length === 0) await shot("login");
await page.fill("#login-name", "lixm");
await page.fill("#login-password", "secret");
await page.click("button[type=submit]");
await page.waitForURL("**/desk");
await page.locator(".phone").waitFor();
for (const name of wanted.length ? wanted : scenes) {
  await set(name);
  await shot(name);
}
if (wanted.length === 0) {
  await set("unknown");
  await page.waitForTimeout(300);
  await page.getByRole("button", { name: english ? "New customer" : "新建客户" }).click();
  await shot("new-customer");
  await page.keyboard.press("F1");
  await shot("keys");
  await page.keyboard.press("F1");
  await page.locator("button.picker").click();
  await shot("states");
  await page.keyboard.press("Escape");
  await page.locator("button.phone").click();
  await shot("devices");
  for (const path of ["customers", "account", "nowhere"]) {
    await page.goto(`${base}/${path}`);
    await shot(path);
  }
  await page.goto(`${base}/customers`);
  await page.locator("tbody tr").first().click();
  await shot("customer-edit");
}
await browser.close();
