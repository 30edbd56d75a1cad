import { beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, nextTick, ref } from "vue";

import type { CallItem, LiveCall, StoryFact } from "@/api/types";
import { tidy } from "@/features/customers/api";
import { endWord } from "@/features/desk/endWord";
import { SHORTCUTS, shortcutOf } from "@/features/desk/shortcuts";
import { loadDrafts, pruned, type Draft } from "@/features/desk/workspace/drafts";
import * as store from "@/features/desk/workspace/store";
import { storyLines } from "@/features/desk/workspace/storyLine";
import { phoneText } from "@/lib/phoneText";
import { clockText, momentText } from "@/lib/time";
import { SETTLE_MS, useSettling } from "@/ui/useSettling";

const call = (id: string, more: Partial<LiveCall> = {}) =>
  ({ id, phase: "talking", direction: "in", customer_number: "+8613800138000", arrived_at: 1000, agent_id: "p1", ...more }) as LiveCall;

describe("the keys of the desk", () => {
  const press = (code: string, more: Partial<KeyboardEvent> = {}) => ({ code, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });

  it("are all different", () => {
    expect(new Set(SHORTCUTS.map((one) => `${one.alt} ${one.code}`)).size).toBe(SHORTCUTS.length);
  });

  it("need Alt where they are letters, so that typing does nothing", () => {
    expect(shortcutOf(press("KeyX"))).toBeNull();
    expect(shortcutOf(press("KeyX", { altKey: true }))).toBe("hang_up");
    expect(shortcutOf(press("F2"))).toBe("answer");
  });

  it("do not fire for AltGr or while held down", () => {
    expect(shortcutOf(press("KeyX", { altKey: true, ctrlKey: true }))).toBeNull();
    expect(shortcutOf(press("KeyX", { altKey: true, repeat: true }))).toBeNull();
  });
});

describe("the contacts on the desk", () => {
  let fetched: { url: string; body: unknown }[];
  let status: number;

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    fetched = [];
    status = 204;
    vi.stubGlobal("fetch", (url: string, options: { body: string }) => {
      fetched.push({ url, body: JSON.parse(options.body) as unknown });
      return Promise.resolve(status === 204 ? new Response(null, { status }) : new Response('{"error":"not_found"}', { status }));
    });
    store.belongTo(`p${Math.random()}`);
  });

  it("show a new call and keep what was written for the one before", () => {
    store.callCame(call("c1"));
    store.callIsOurs("c1");
    store.write({ text: "promised" });
    store.callCame(call("c2"));
    expect(store.contact.value?.callId).toBe("c2");
    store.show("c1");
    expect(store.contact.value?.text).toBe("promised");
  });

  it("forget a call that was only put to us", () => {
    store.callCame(call("c1", { phase: "ringing", agent_id: null }));
    expect(store.unfinished.value).toEqual([]);
    store.callWent("c1");
    expect(store.contact.value).toBeNull();
  });

  it("send what was written a moment later, once", async () => {
    store.callCame(call("c1"));
    store.write({ text: "a" });
    store.write({ text: "ab" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(fetched).toEqual([{ url: "/api/calls/c1/note", body: { text: "ab", disposition_id: null, customer_id: null } }]);
    expect(store.saveState.value).toBe("clean");
  });

  it("keep and send again what the server does not take yet", async () => {
    status = 404;
    store.callCame(call("c1"));
    store.write({ text: "a" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(store.saveState.value).toBe("failed");
    status = 204;
    await vi.advanceTimersByTimeAsync(7000);
    expect(store.saveState.value).toBe("clean");
  });

  it("survive a reload", () => {
    store.belongTo("p1");
    store.callCame(call("c1"));
    store.callIsOurs("c1");
    store.write({ text: "kept" });
    expect(loadDrafts("p1").map((one) => [one.callId, one.text, one.mine])).toEqual([["c1", "kept", true]]);
  });

  it("are sent after a reload when they had not been", async () => {
    localStorage.setItem("hujiao.drafts.p9", JSON.stringify([{ callId: "c9", text: "kept", dispositionId: null, customerId: null, dirty: true, mine: true, arrivedAt: Date.now(), changedAt: Date.now() }]));
    store.belongTo("p9");
    await vi.advanceTimersByTimeAsync(2000);
    expect(fetched.map((one) => one.url)).toEqual(["/api/calls/c9/note"]);
    expect(loadDrafts("p9")[0]?.dirty).toBe(false);
  });

  it("leave the desk when they are finished", async () => {
    store.callCame(call("c1"));
    store.callIsOurs("c1");
    store.write({ text: "done", dispositionId: "d1" });
    expect(await store.finish()).toBe("c1");
    expect(fetched[0]?.body).toEqual({ text: "done", disposition_id: "d1", customer_id: null });
    expect(store.contact.value).toBeNull();
    expect(store.unfinished.value).toEqual([]);
  });

  it("stay when finishing fails", async () => {
    status = 503;
    store.callCame(call("c1"));
    store.callIsOurs("c1");
    await expect(store.finish()).rejects.toThrow();
    expect(store.contact.value?.callId).toBe("c1");
  });

  it("can be opened again with note and result", () => {
    store.open({ id: "h1", direction: "out", customer_number: "1", arrived_at: 5, note: "n", disposition_id: "d", customer: { id: "k", name: "", level: "vip" } } as CallItem);
    expect(store.contact.value).toMatchObject({ text: "n", dispositionId: "d", customerId: "k" });
  });

  it("are kept for a week at most", () => {
    const draft = (callId: string, changedAt: number) => ({ callId, changedAt, arrivedAt: changedAt }) as Draft;
    expect(pruned([draft("old", 0), draft("new", 8 * 86_400_000)], 8 * 86_400_000).map((one) => one.callId)).toEqual(["new"]);
    localStorage.setItem("hujiao.drafts.px", "{broken");
    expect(loadDrafts("px")).toEqual([]);
  });
});

describe("the story of a call in lines", () => {
  const fact = (type: string, data: Record<string, unknown> = {}, queue: string | null = null): StoryFact => ({ position: 1, at: 1, type, version: 1, agent_id: null, queue_id: queue, data });

  it("names queues, agents and who ended it, and leaves out the rest", () => {
    const lines = storyLines(
      [fact("queue.entered", {}, "q"), fact("leg.started"), fact("offer.failed", { agent: "p" }), fact("call.ended", { ended_by: "customer" })],
      () => "Sales",
      () => "Ann",
    );
    expect(lines.map((line) => line.key)).toEqual(["queue_entered", "offer_failed", "ended_by_customer"]);
    expect(lines[0]?.values.queue).toBe("Sales");
    expect(lines[1]?.values.agent).toBe("Ann");
  });
});

describe("the end of a call", () => {
  const ended = (more: Partial<LiveCall>) => call("c", { phase: "ended", answered_at: null, ended_by: "customer", cause: 16, ...more });

  it("is told by the network's cause for a call out that nobody took", () => {
    expect(endWord(ended({ direction: "out", cause: 17 }))).toBe("busy");
    expect(endWord(ended({ direction: "out", cause: 1 }))).toBe("unallocated");
  });

  it("is else told by who hung up", () => {
    expect(endWord(ended({ direction: "out", cause: 17, answered_at: 5 }))).toBe("customer");
    expect(endWord(ended({ direction: "in", cause: 17, ended_by: null }))).toBe("system");
  });
});

describe("numbers and times", () => {
  it("read as people here read them", () => {
    expect(phoneText("+8613812345678")).toBe("138 1234 5678");
    expect(phoneText("+861088886666")).toBe("010 88886666");
    expect(phoneText("+8657188001234")).toBe("0571 88001234");
    expect(phoneText("+14155550100")).toBe("+14155550100");
    expect(phoneText("")).toBe("");
  });

  it("show hours only when there are any, and the date only when it is another day", () => {
    expect([clockText(-5), clockText(61_000), clockText(3_725_000)]).toEqual(["0:00", "1:01", "1:02:05"]);
    const noon = new Date(2026, 4, 3, 12, 0, 7).getTime();
    expect(momentText(noon, noon)).toBe("12:00");
    expect(momentText(noon, noon, true)).toBe("12:00:07");
    expect(momentText(noon, noon + 86_400_000)).toBe("05-03 12:00");
    expect(momentText(noon, noon + 366 * 86_400_000)).toBe("2026-05-03 12:00");
  });

  it("are sent trimmed and without empty rows", () => {
    const sent = tidy({ name: " a ", level: "vip", company: "", address: "", note: "", numbers: [{ number: " ", label: "x" }, { number: " 1 ", label: "" }] });
    expect(sent.name).toBe("a");
    expect(sent.numbers).toEqual([{ number: "1", label: "" }]);
  });
});

describe("buttons that take the place of others", () => {
  it("do nothing until the second half of a double click is over, from the last change on", async () => {
    vi.useFakeTimers();
    const shown = ref("answer");
    const scope = effectScope();
    const settling = scope.run(() => useSettling(() => shown.value));
    expect(settling?.value).toBe(false);
    shown.value = "pause the recording";
    await nextTick();
    vi.advanceTimersByTime(SETTLE_MS - 1);
    expect(settling?.value).toBe(true);
    shown.value = "hang up";
    await nextTick();
    vi.advanceTimersByTime(SETTLE_MS - 1);
    expect(settling?.value).toBe(true);
    vi.advanceTimersByTime(1);
    expect(settling?.value).toBe(false);
    scope.stop();
    vi.useRealTimers();
  });
});
