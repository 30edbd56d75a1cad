import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { createI18n } from "vue-i18n";

import type { Locale, StoryFact } from "@/api/types";
import { basisOf, explainOf, type Explain } from "@/features/calls/story/explain";
import { storyOf, TOLD_TYPES, type Names, type Words } from "@/features/calls/story/wording";
import { merged } from "@/i18n/merge";

const ROOT = join(__dirname, "../..");
const EVENTS = join(ROOT, "src/hujiao/events");
const read = (path: string) => readFileSync(path, "utf8");
const PYTHON = readdirSync(EVENTS).filter((file) => file.endsWith(".py")).map((file) => read(join(EVENTS, file))).join("\n");
const TYPES = [...PYTHON.matchAll(/^ {4}type = "([a-z_.]+)"$/gm)].map((match) => match[1] ?? "");

const LANGUAGES: Locale[] = ["zh-CN", "en"];
const messages = merged(Object.fromEntries(LANGUAGES.map((one) => [`features/calls/i18n/${one}.json`, JSON.parse(read(join(ROOT, `web/src/features/calls/i18n/${one}.json`))) as Record<string, unknown>])));

function wordsOf(locale: Locale): Words {
  const i18n = createI18n({ legacy: false, locale, messages: messages as never, missing: (_, key) => `MISSING ${key}` });
  const { t, te } = i18n.global as unknown as { t: (key: string, params?: object) => string; te: (key: string) => boolean };
  return { say: (key, params = {}) => t(`calls.story.${key}`, params), has: (key) => te(`calls.story.${key}`) };
}

const names: Names = { person: (id) => (id ? `P-${id}` : ""), queue: (id) => (id ? `Q-${id}` : ""), reason: (id) => id ?? "", disposition: (id) => (id ? `D-${id}` : ""), number: (number) => number, length: (ms) => `${ms / 1000}s` };

/** Everything any fact may carry, so that a type can be told whatever its fields are. */
const DATA: Record<string, unknown> = { direction: "in", caller: "138", called: "400", trunk: "t", node: "n1", digit: "2", path: "2", priority: 3, position: 1, expected_wait_s: 60, why: "answered", agents: ["a1"], explain: null, count: 4, number: "139", phase: "talking", ended_by: "customer", cause: 16, leg: "l1", role: "agent", online: true, state: "busy", was: "offered", reason: null, command: "Hold", status: 500, until_ms: 9, disposition_id: "d1", legs: 3, queues: 2 };

let position = 0;
function fact(type: string, data: Record<string, unknown> = {}, at = 0, agent: string | null = "a1"): StoryFact {
  position += 1;
  return { position, at, type, version: 1, agent_id: agent, queue_id: "q1", data };
}
const tell = (facts: StoryFact[], locale: Locale = "en") => storyOf(facts, wordsOf(locale), names).map((line) => line.text);

describe("the story of a call", () => {
  it("knows every fact that the ledger has", () => {
    expect(TYPES.length).toBeGreaterThan(40);
    expect(TYPES.filter((type) => !TOLD_TYPES.includes(type))).toEqual([]);
    expect(TOLD_TYPES.filter((type) => !TYPES.includes(type))).toEqual([]);
  });

  it.each(LANGUAGES)("has a whole sentence for each of them in %s", (locale) => {
    const told = storyOf(TYPES.map((type) => fact(type, DATA)), wordsOf(locale), names);
    for (const line of told) expect(line.text).not.toMatch(/MISSING|\{|undefined|null|NaN|^\s*$/);
    if (locale === "zh-CN") for (const line of told) expect(line.text).toMatch(/[\u4e00-\u9fff]/);
  });

  it.each(LANGUAGES)("has words for every code that the floor writes in %s", (locale) => {
    const codes = (file: string, name: string) => {
      const body = new RegExp(`class ${name}\\(StrEnum\\):([\\s\\S]*?)(?=\\n\\n\\n|$)`).exec(read(join(ROOT, "src/hujiao", file)))?.[1] ?? "";
      return [...body.matchAll(/= "([a-z_]+)"/g)].map((match) => match[1] ?? "");
    };
    const { has } = wordsOf(locale);
    const wanted = [
      ...codes("routing/model.py", "FailWhy").map((code) => `offer_failed.${code}`),
      ...codes("routing/model.py", "CancelWhy").map((code) => `offer_cancelled.${code}`),
      ...codes("routing/model.py", "RefusedWhy").map((code) => `queue_refused.${code}`),
      ...codes("routing/model.py", "Note").map((code) => `note.${code}`),
      ...codes("routing/model.py", "Strategy").map((code) => `strategies.${code}`),
      ...codes("routing/model.py", "AgentState").map((code) => `state.${code}`),
      ...codes("calls/model.py", "Phase").map((code) => `phase.${code}`),
      ...codes("calls/model.py", "EndedBy").map((code) => `ended_by.${code}`),
    ];
    expect(wanted.length).toBeGreaterThan(45);
    expect(wanted.filter((key) => !has(key))).toEqual([]);
  });

  it("says who rang for how long without answering", () => {
    const facts = [fact("offer.made", { agents: ["a1"], explain: null }, 1000), fact("offer.ringing", {}, 1500), fact("offer.failed", { why: "timeout" }, 21_500)];
    expect(tell(facts).at(-1)).toBe("P-a1 did not answer, 20s");
    expect(tell(facts, "zh-CN").at(-1)).toBe("P-a1 未应答，20s");
  });

  it("tells inbound, named and outbound arrivals apart", () => {
    expect(tell([fact("call.arrived", { direction: "in", caller: "138", called: "400" })])).toEqual(["Call from 138 to 400"]);
    expect(tell([fact("call.arrived", { direction: "in", caller: "", called: "400", name: "Hotline" })])).toEqual(["Call from a withheld number to 400 (Hotline)"]);
    expect(tell([fact("call.arrived", { direction: "out", caller: "400", called: "138" })])).toEqual(["P-a1 dials 138"]);
  });

  it("names the cause of an end only when it is none of the normal ones", () => {
    expect(tell([fact("call.ended", { phase: "talking", ended_by: "customer", cause: 16 })])).toEqual(["Call ended: customer hung up (talking)"]);
    expect(tell([fact("call.ended", { phase: "dialing", ended_by: "system", cause: 17 })])).toEqual(["Call ended: ended by the system (dialling), busy"]);
    expect(tell([fact("call.ended", { phase: "dialing", ended_by: "system", cause: 99 })])).toEqual(["Call ended: ended by the system (dialling), code 99"]);
  });

  it("tells a fact and a code from a newer server without breaking", () => {
    expect(tell([fact("call.teleported", {}), fact("queue.left", { why: "bored" })])).toEqual(["Other event call.teleported", "Left queue Q-q1 (bored)"]);
  });

  it("counts time from the first fact and marks what only engineers read", () => {
    const lines = storyOf([fact("call.greeted", {}, 5000), fact("leg.started", { leg: "x", role: "agent" }, 7500)], wordsOf("en"), names);
    expect(lines.map((line) => [line.offsetMs, line.technical])).toEqual([[0, false], [2500, true]]);
  });
});

describe("why this agent", () => {
  const explain = (strategy: string): Explain => ({ strategy, reason: "best_rank", candidates: [], winners: [], relaxed: false, at_ms: 100_000 });
  const basis = (strategy: string, rank: (number | string)[]) => basisOf({ agent: "a", rank, note: "chosen" }, explain(strategy));

  it("reads ranks as the router writes them", () => {
    expect(basis("longest_idle", [40_000, "a"])).toEqual({ levels: null, idleMs: 60_000, calls: null, turn: null });
    expect(basis("fewest_calls", [7, 90_000, "a"])).toEqual({ levels: null, idleMs: 10_000, calls: 7, turn: null });
    expect(basis("hunt", [1, "a"])).toMatchObject({ turn: "had" });
    expect(basis("ring_all", [-12, 40_000, "a"])).toMatchObject({ levels: 12, idleMs: 60_000 });
    expect(basis("fewest_calls", [-9, 2, 90_000, "a"])).toMatchObject({ levels: 9, calls: 2, idleMs: 10_000 });
  });

  it("has nothing to compare for who was not in the running", () => {
    expect(basis("longest_idle", [])).toBeNull();
    expect(basis("some_day", [1, "a"])).toBeNull();
  });

  it("takes records of any shape without failing", () => {
    expect(explainOf(null)).toBeNull();
    expect(explainOf({ strategy: "hunt" })).toBeNull();
    expect(explainOf({ strategy: "hunt", candidates: [{ agent: "a" }, { note: "x" }] })).toEqual({ strategy: "hunt", reason: "", candidates: [{ agent: "a", rank: [], note: "" }], winners: [], relaxed: false, at_ms: 0 });
  });
});
