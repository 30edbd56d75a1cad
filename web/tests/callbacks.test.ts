/** Callbacks: which are asked for, who may do what, and the panel at work. */
import { VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import ElementPlus from "element-plus";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { apiUrl } from "@/api/client";
import type { Me } from "@/api/types";
import CallbackActions from "@/features/callbacks/CallbackActions.vue";
import { apiQueryOf, filterOf, narrowed, queryOf, VIEWS } from "@/features/callbacks/filter";
import type { Callback } from "@/features/callbacks/types";
import { movesOf, neighbour } from "@/features/callbacks/work";
import { useSession } from "@/features/session/store";
import { i18n } from "@/i18n";

const callback = (more: Partial<Callback> = {}): Callback => ({ id: "c1", kind: "lost_call", state: "open", why: "switch_lost", number: "+8613800138000", called: "4001", customer: null, happened_at: 1, call_id: "n1-1", phase: "waiting", queue_id: null, agent_id: null, agent_name: null, taken_by: null, taken_by_name: null, taken_at: null, result: null, note: "", closed_at: null, closed_by: null, closed_by_name: null, attempts: 0, message_ms: null, ...more });
const agent = { id: "me", works: true, leads: false };
const leader = { id: "boss", works: true, leads: true };
const allowed = (one: Callback, who: typeof agent) => Object.entries(movesOf(one, who)).filter(([, may]) => may).map(([name]) => name);

describe("the filter of callbacks", () => {
  it("comes back from the address as it went in, and believes no nonsense", () => {
    for (const view of VIEWS) {
      const filter = { view, kind: "message" as const, queue: "q", q: "138" };
      expect(filterOf(queryOf(filter) as Record<string, string>)).toEqual(filter);
    }
    expect(filterOf({ view: "everything", kind: "fax" })).toEqual({ view: "todo", kind: null, queue: null, q: "" });
    expect(narrowed(filterOf({ view: "done" }))).toBe(0);
  });

  it("asks for what is to be done oldest first, for what is over newest first", () => {
    expect(apiUrl("/callbacks", apiQueryOf(filterOf({})))).toBe("/api/callbacks?state=open&state=in_progress");
    expect(apiUrl("/callbacks", apiQueryOf(filterOf({ view: "mine" })))).toBe("/api/callbacks?state=in_progress&mine=true");
    expect(apiUrl("/callbacks", apiQueryOf(filterOf({ view: "done", kind: "message" })))).toBe("/api/callbacks?state=done&kind=message&order=newest");
    expect(apiUrl("/callbacks", apiQueryOf(filterOf({ view: "all" })))).toBe("/api/callbacks?order=newest");
  });
});

describe("what may be done", () => {
  it("begins with taking, and needs the one who took it", () => {
    expect(allowed(callback(), agent)).toEqual(["take", "call"]);
    expect(allowed(callback({ state: "in_progress", taken_by: "me" }), agent)).toEqual(["finish", "drop", "giveBack", "call"]);
    expect(allowed(callback({ state: "in_progress", taken_by: "other" }), agent)).toEqual([]);
  });

  it("is more for leaders and nothing once it is closed or for who looks on", () => {
    expect(allowed(callback({ state: "in_progress", taken_by: "other" }), leader)).toEqual(["takeOver", "drop", "giveBack"]);
    expect(allowed(callback(), leader)).toEqual(["take", "drop", "call"]);
    for (const state of ["done", "dropped"] as const) expect(allowed(callback({ state, taken_by: "me" }), agent)).toEqual([]);
    expect(allowed(callback(), { ...leader, works: false })).toEqual([]);
  });

  it("is no call when the number was withheld", () => {
    expect(allowed(callback({ number: "" }), agent)).toEqual(["take"]);
  });

  it("moves by arrows from row to row and stops at the ends", () => {
    expect([neighbour(["a", "b"], null, 1), neighbour(["a", "b"], "a", 1), neighbour(["a", "b"], "b", 1), neighbour(["a", "b"], "a", -1), neighbour(["a"], "gone", -1), neighbour([], null, 1)]).toEqual(["a", "b", "b", "a", "a", null]);
  });
});

describe("the panel's actions", () => {
  const asked: [string, unknown][] = [];
  beforeEach(() => {
    asked.length = 0;
    setActivePinia(createPinia());
    useSession().me = { person: { id: "me", name: "", role: "agent", login: "", team_id: null, locale: "zh-CN" }, permissions: ["callbacks.work"], agent: null, features: {} } as unknown as Me;
    vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
      asked.push([`${init.method ?? "GET"} ${url}`, typeof init.body === "string" ? JSON.parse(init.body) : undefined]);
      return Promise.resolve(new Response(JSON.stringify(callback())));
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  const show = (one: Callback) => {
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:rest(.*)*", component: { render: () => null } }] });
    return mount(CallbackActions, { props: { callback: one }, global: { plugins: [i18n, ElementPlus, router, VueQueryPlugin] }, attachTo: document.body });
  };

  it("take it by key, and call only from a desk", async () => {
    const page = show(callback());
    expect(page.findAll("button")[1]?.attributes("disabled")).toBeDefined();
    window.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyL", altKey: true }));
    await flushPromises();
    expect(asked).toEqual([["POST /api/callbacks/c1/take", undefined]]);
    page.unmount();
  });

  it("close it with a result and a note, and not without a result", async () => {
    const page = show(callback({ state: "in_progress", taken_by: "me" }));
    await page.get("form").trigger("submit");
    expect(asked).toEqual([]);
    await page.findAll("input[type=radio]")[1]?.setValue(true);
    await page.get("textarea").setValue(" 明天再打 ");
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(asked).toEqual([["POST /api/callbacks/c1/done", { result: "not_reached", note: "明天再打" }]]);
    page.unmount();
  });
});
