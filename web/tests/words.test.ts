import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { merged } from "@/i18n/merge";

const SRC = join(__dirname, "../src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" });

function keysOf(words: unknown, prefix = ""): string[] {
  if (typeof words !== "object" || words === null) return [prefix];
  return Object.entries(words).flatMap(([key, value]) => keysOf(value, prefix === "" ? key : `${prefix}.${key}`));
}

const words = merged(
  Object.fromEntries(
    files
      .filter((file) => /(^|\/)i18n\/[^/]+\.json$/.test(file))
      .map((file) => [file, JSON.parse(readFileSync(join(SRC, file), "utf8")) as Record<string, unknown>]),
  ),
);
const chinese = new Set(keysOf(words["zh-CN"]));
const english = new Set(keysOf(words.en));
const sources = files
  .filter((file) => /\.(vue|ts)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), "utf8") }));

describe("the words of the screens", () => {
  it("are complete in both languages", () => {
    expect([...chinese].filter((key) => !english.has(key))).toEqual([]);
    expect([...english].filter((key) => !chinese.has(key))).toEqual([]);
  });

  it("take the same parameters in both languages", () => {
    const flat = (tree: unknown, key: string): string =>
      String(key.split(".").reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], tree));
    const names = (text: string) => [...new Set(text.match(/\{(\w+)\}/g) ?? [])].sort();
    const differ = [...chinese].filter(
      (key) => !key.startsWith("errors.") && String(names(flat(words["zh-CN"], key))) !== String(names(flat(words.en, key))),
    );
    expect(differ).toEqual([]);
  });

  it("exist for every key a source names", () => {
    const missing = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/(?<![\w.])t\(\s*["']([\w.-]+)["']/g)].map((m) => m[1] ?? "").filter((key) => !chinese.has(key)).map((key) => `${file}: ${key}`),
    );
    expect(missing).toEqual([]);
  });

  it("exist for every refusal of the server", () => {
    const server = join(SRC, "../../src/hujiao");
    const refusals = readdirSync(server, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".py"))
      .flatMap((file) => [...readFileSync(join(server, file), "utf8").matchAll(/^\s+error = "([a-z_]+)"/gm)].map((m) => m[1] ?? ""));
    expect(refusals.length).toBeGreaterThan(10);
    expect([...new Set(refusals)].filter((id) => !chinese.has(`errors.${id}`))).toEqual([]);
  });

  it("stand nowhere but in the i18n files", () => {
    const literals = sources.flatMap(({ file, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
        .filter(({ line }) => /[\u4e00-\u9fff]/.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line))
        .map(({ at }) => at),
    );
    expect(literals).toEqual([]);
  });
});
