/** Parts of the screens at work, against a server made of answers. */
import { VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import ElementPlus from "element-plus";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineComponent, h, nextTick, type Component } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import type { AgentState, LiveAgent, LiveCall } from "@/api/types";
import { recoverLoading } from "@/app/recoverLoading";
import { useEditor } from "@/features/admin/ui/useEditor";
import { useRemoval } from "@/features/admin/ui/useRemoval";
import AgentGrid from "@/features/board/AgentGrid.vue";
import AlarmList from "@/features/board/AlarmList.vue";
import { alarmsOf } from "@/features/board/alarms";
import DrainingNotice from "@/features/board/DrainingNotice.vue";
import QueueTile from "@/features/board/QueueTile.vue";
import { nodeFaults } from "@/features/board/nodes";
import CallNote from "@/features/calls/CallNote.vue";
import type { CallDetail } from "@/features/calls/types";
import CallStory from "@/features/desk/workspace/CallStory.vue";
import { useSession } from "@/features/session/store";
import { i18n } from "@/i18n";
import { applyLive } from "@/live/model";
import { useLive } from "@/live/useLive";

type Answer = [number, unknown];
const asked: { method: string; path: string; body: unknown }[] = [];
let answers: Record<string, Answer> = {};

beforeEach(() => {
  asked.length = 0;
  answers = {};
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
    const path = url.replace(/^\/api/, "").replace(/\?.*/, "");
    asked.push({ method: init.method ?? "GET", path, body: typeof init.body === "string" ? JSON.parse(init.body) : undefined });
    const [status, body] = answers[`${init.method} ${path}`] ?? [200, { items: [], next_cursor: null }];
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }));
  });
  setActivePinia(createPinia());
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.body.innerHTML = "";
});

function show(component: Component, props: Record<string, unknown> = {}) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: "/:rest(.*)*", component: { render: () => null } }] });
  return mount(component, { props, global: { plugins: [i18n, ElementPlus, router, VueQueryPlugin] }, attachTo: document.body });
}

function inSetup<T>(use: () => T): T {
  let result: T | undefined;
  show(defineComponent({ setup: () => ((result = use()), () => h("div")) }));
  return result as T;
}

const agent = (id: string, state: AgentState): LiveAgent => ({ id, name: `坐席${id}`, team_id: null, extension: `10${id}`, state, reason_id: null, since: Date.now(), until: null, call_id: null, phone_online: true, wants: "ready", next_reason_id: null, handled: 0, missed: 0, queues: [] });

describe("the grid of agents", () => {
  const live = useLive();
  const state = { agents: live.agents as Map<string, LiveAgent>, calls: new Map(), queues: new Map() };
  const group = { id: null, name: "", agents: ["1", "2"], counts: {} };

  it("changes the card of the one whose state changed and touches no other", async () => {
    applyLive(state, { t: "snapshot", agents: [agent("1", "ready"), agent("2", "ready")], calls: [], queues: [] });
    const page = show(AgentGrid, { groups: [group], ready: true, anybody: true, filtered: false });
    await flushPromises();
    const touched: string[] = [];
    const observer = new MutationObserver((changes) => touched.push(...changes.map(({ target }) => (target instanceof Element ? target : target.parentElement)?.closest("[data-agent]")?.getAttribute("data-agent") ?? "?")));
    observer.observe(page.element.parentElement as Element, { subtree: true, childList: true, attributes: true, characterData: true });
    applyLive(state, { t: "set", kind: "agent", id: "1", value: agent("1", "talking") });
    await nextTick();
    await flushPromises();
    observer.disconnect();
    expect(page.get('[data-agent="1"]').text()).toContain("通话");
    expect(page.get('[data-agent="2"]').text()).toContain("就绪");
    expect([...new Set(touched)]).toEqual(["1"]);
  });

  it("says in red that a phone is gone", () => {
    applyLive(state, { t: "snapshot", agents: [{ ...agent("1", "ready"), phone_online: false }, agent("2", "ready")], calls: [], queues: [] });
    const page = show(AgentGrid, { groups: [group], ready: true, anybody: true, filtered: false });
    expect(page.get('[data-agent="1"]').text()).toContain("话机离线");
    expect(page.get('[data-agent="2"]').text()).not.toContain("话机离线");
  });

  it("tells an empty house, an empty floor and an empty filter apart", () => {
    const text = (anybody: boolean, filtered: boolean) => show(AgentGrid, { groups: [], ready: true, anybody, filtered }).text();
    expect(text(false, false)).toContain("还没有坐席");
    expect(text(true, false)).toContain("没有坐席签入");
    expect(text(true, true)).toContain("没有符合筛选条件的坐席");
  });
});

describe("a node that is taken out of use", () => {
  const nodes = [
    { name: "n1", connected: true, draining: false, calls: 3 },
    { name: "n2", connected: true, draining: true, calls: 7 },
  ];
  afterEach(() => (i18n.global.locale.value = "zh-CN"));

  it("is a calm notice in either language that leads to its page, and no alarm", () => {
    const notice = show(DrainingNotice, { nodes: nodes.filter((node) => node.draining) });
    expect(notice.text()).toContain("节点 n2 停止接入");
    expect(notice.text()).toContain("7 通");
    expect(notice.get("a").attributes("href")).toBe("/admin/system");
    expect(notice.html()).not.toContain("alarm");
    i18n.global.locale.value = "en";
    expect(show(DrainingNotice, { nodes: nodes.slice(1) }).text()).toContain("Node n2 is draining");
    expect(show(DrainingNotice, { nodes: [] }).text()).toBe("");
    expect(nodeFaults(nodes)).toEqual([]);
  });

  it("is an alarm when it is down without having been drained", () => {
    const faults = new Map(nodeFaults([...nodes, { name: "n3", connected: false, draining: false, calls: 0 }]).map((fault) => [fault, 1]));
    const alarms = alarmsOf({ agents: [], calls: [], queues: [], agentsById: new Map(), thresholds: new Map(), filter: { team: null, queue: null, states: [] }, floorAwaySince: null, partsAway: new Map(), nodeFaults: faults, now: 2 });
    const list = show(AlarmList, { alarms, leads: () => true });
    expect(list.get('[data-alarm="node_away"]').text()).toContain("节点 n3 未连接");
  });

  it("is told without a button to who may not open the page of the platform", () => {
    const alarms = [{ key: "a", kind: "all_draining", since: 1, what: "" }];
    expect(show(AlarmList, { alarms, leads: () => false }).find("button").exists()).toBe(false);
    expect(show(AlarmList, { alarms, leads: () => true }).find("button").exists()).toBe(true);
  });
});

describe("a figure of the day", () => {
  const tile = (since: number | undefined) => show(QueueTile, { queue: { id: "q1", name: "Sales", waiting: 0, longest_since: null, ready: 0, talking: 0, wrap_up: 0, signed_in: 0 }, day: undefined, since, chosen: false });

  it("is a dash while nobody knows it, and a zero when there was nothing", () => {
    expect(tile(undefined).get(".day").text()).not.toContain("0");
    expect(tile(1).get(".day").text()).toContain("0");
  });
});

describe("the steps of a call on the desk", () => {
  const live = useLive();
  const state = { agents: new Map(), calls: live.calls as Map<string, LiveCall>, queues: new Map() };
  async function refused(answeredMsAgo: number) {
    const call = { id: "c1", phase: "talking", since: Date.now() - answeredMsAgo } as LiveCall;
    applyLive(state, { t: "snapshot", agents: [], calls: [call], queues: [] });
    answers["GET /calls/c1/story"] = [404, { error: "not_found", message: "" }];
    const page = show(CallStory, { callId: "c1" });
    await flushPromises();
    const found = { alert: page.find('[role="alert"]').exists(), text: page.text() };
    page.unmount();
    return found;
  }

  it("are waited for while the ledger may not know yet whose call it is", async () => {
    const { alert, text } = await refused(200);
    expect(alert).toBe(false);
    expect(text).toContain("加载中");
  });

  it("say later that they cannot be had, and offer to try again", async () => {
    const { alert, text } = await refused(60_000);
    expect(alert).toBe(true);
    expect(text).toContain("重试");
  });
});

describe("the page that was asked for", () => {
  const routes = (component: () => Promise<Component>) => [{ path: "/", component: { render: () => null } }, { path: "/calls", component }];
  const failing = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));
  async function ask(reached: boolean) {
    vi.stubGlobal("fetch", () => (reached ? Promise.resolve(new Response("")) : Promise.reject(new TypeError("no"))));
    const router = createRouter({ history: createMemoryHistory(), routes: routes(failing) });
    const loaded: string[] = [];
    recoverLoading(router, (path) => loaded.push(path));
    await router.push("/calls?q=1").catch(() => undefined);
    await flushPromises();
    return loaded;
  }
  beforeEach(() => sessionStorage.clear());

  it("is loaded anew when its part is gone, as after an upgrade, and once only", async () => {
    expect(await ask(true)).toEqual(["/calls?q=1"]);
    expect(await ask(true)).toEqual([]);
  });

  it("is not left for an error page while the server is away", async () => {
    expect(await ask(false)).toEqual([]);
    expect(document.body.textContent).toContain("连不上服务器");
  });
});

describe("a session that cannot be asked for", () => {
  it("is neither begun nor ended", async () => {
    const session = useSession();
    answers["GET /me"] = [503, { error: "database_unavailable", message: "" }];
    expect(await session.restore()).toBe("away");
    answers["GET /me"] = [401, { error: "not_signed_in", message: "" }];
    expect(await session.restore()).toBe("out");
  });
});

describe("a form of administration", () => {
  interface Thing {
    id: string;
    name: string;
  }
  const editor = () => inSetup(() => useEditor<Thing, { name: string }>({ path: "/things", blank: () => ({ name: "" }), draftOf: ({ name }) => ({ name }) }));

  it("knows whether it was changed", () => {
    const { begin, draft, dirty } = editor();
    begin({ id: "1", name: "a" });
    expect(dirty.value).toBe(false);
    draft.value.name = "b";
    expect(dirty.value).toBe(true);
    draft.value.name = "a";
    expect(dirty.value).toBe(false);
  });

  it("adds with POST, changes with PATCH, and closes", async () => {
    const { begin, draft, save, open } = editor();
    begin(null);
    draft.value.name = "new";
    await save();
    expect(open.value).toBe(false);
    begin({ id: "7", name: "old" });
    await save();
    expect(asked.filter(({ method }) => method !== "GET")).toEqual([{ method: "POST", path: "/things", body: { name: "new" } }, { method: "PATCH", path: "/things/7", body: { name: "old" } }]);
  });

  it("stays open and puts each fault at its field", async () => {
    answers["POST /things"] = [422, { error: "invalid_input", message: "", details: { fields: { name: "string_too_short", port: "bad_host" } } }];
    const { begin, save, open, faults, problem } = editor();
    begin(null);
    await save();
    expect(open.value).toBe(true);
    expect(faults.value).toEqual({ name: "必填或太短", port: "应为主机名或 IPv4 地址" });
    expect(problem.value).not.toBe("");
    answers["POST /things"] = [409, { error: "taken", message: "", details: { field: "name" } }];
    await save();
    expect(faults.value).toEqual({ name: "已被使用" });
  });

  it("removes only after a yes, and names what stands in the way", async () => {
    answers["DELETE /things/1"] = [409, { error: "in_use", message: "", details: { used_by: [{ kind: "number", id: "x", name: "热线" }] } }];
    const { remove } = inSetup(() => useRemoval("/things"));
    const button = (text: string) => [...document.querySelectorAll<HTMLElement>(".el-message-box button")].filter((one) => one.textContent?.includes(text)).at(-1);
    const refused = remove({ id: "1", name: "甲" }, "会怎样");
    await flushPromises();
    expect(document.body.textContent).toContain("会怎样");
    button("取消")?.click();
    expect(await refused).toBe(false);
    expect(asked.some(({ method }) => method === "DELETE")).toBe(false);
    void remove({ id: "1", name: "甲" }, "会怎样");
    await flushPromises();
    button("删除")?.click();
    await flushPromises();
    expect(document.body.textContent).toContain("号码 热线");
  });
});

describe("the note of a call", () => {
  const call = { id: "n1-7.1", direction: "in", note: "before", disposition_id: null, customer: { id: "c1", name: "", level: "normal" } } as unknown as CallDetail;

  it("is saved for the customer that the call belongs to", async () => {
    useSession();
    const page = show(CallNote, { call, editable: true });
    await page.get("textarea").setValue("after");
    await page.get(".tools button").trigger("click");
    await flushPromises();
    expect(asked.find(({ method }) => method === "PUT")).toEqual({ method: "PUT", path: "/calls/n1-7.1/note", body: { text: "after", disposition_id: null, customer_id: "c1" } });
    expect(page.emitted("saved")).toHaveLength(1);
  });

  it("keeps what is being written when somebody else saves", async () => {
    const page = show(CallNote, { call, editable: true });
    await page.get("textarea").setValue("mine");
    await page.setProps({ call: { ...call, note: "theirs" } });
    expect((page.get("textarea").element as HTMLTextAreaElement).value).toBe("mine");
  });

  it("is only read by others", () => {
    const page = show(CallNote, { call, editable: false });
    expect(page.find("textarea").exists()).toBe(false);
    expect(page.text()).toContain("before");
  });
});
