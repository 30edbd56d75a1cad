import { describe, expect, it } from "vitest";

import type { AgentState, LiveAgent, LiveCall, LiveQueue } from "@/api/types";
import type { SystemNode } from "@/features/admin/types";
import { alarmsOf, sameAlarms, type AlarmInput } from "@/features/board/alarms";
import { callInScope, filterOf, queryOf, showsState, type BoardFilter } from "@/features/board/filter";
import { countsOf, groupsOf, liveOf, placesOf, queuesOf, waitingOf } from "@/features/board/floor";
import { urgencyOfService, urgencyOfState, urgencyOfWait } from "@/features/board/limits";
import { callsOf } from "@/features/board/links";
import { drainingOf, drainingWord, nodeFaults } from "@/features/board/nodes";
import { knownSince } from "@/features/board/since";
import { totalOf } from "@/features/board/totals";
import { midnight } from "@/features/calls/filter";
import { awayParts } from "@/features/board/useHealth";

const NOW = 1_764_000_000_000;
const EVERYBODY: BoardFilter = { team: null, queue: null, states: [] };

function agent(id: string, state: AgentState, more: Partial<LiveAgent> = {}): LiveAgent {
  return { id, name: `N${id}`, team_id: "t1", extension: `10${id}`, state, reason_id: null, since: NOW - 5000, until: null, call_id: null, phone_online: state !== "offline", wants: "ready", next_reason_id: null, handled: 0, missed: 0, queues: ["q1"], ...more };
}

function call(id: string, phase: LiveCall["phase"], waitedS: number, more: Partial<LiveCall> = {}): LiveCall {
  const queued = NOW - waitedS * 1000;
  return { id, direction: "in", phase, caller: "1", caller_name: "", called: "400", customer_number: "+8613800138000", queue_id: "q1", agent_id: null, offered: [], arrived_at: queued - 5000, queued_at: queued, answered_at: null, since: queued, order: phase === "waiting" ? queued : null, recording: "off", digits: "", ended_by: null, cause: null, ...more };
}

function queue(more: Partial<LiveQueue> = {}): LiveQueue {
  return { id: "q1", name: "Sales", waiting: 1, longest_since: NOW - 3000, ready: 1, talking: 0, wrap_up: 0, signed_in: 2, ...more };
}

function alarms(more: Partial<AlarmInput>) {
  const agents = [...(more.agents ?? [])];
  return alarmsOf({ calls: [], queues: [], thresholds: new Map([["q1", 20]]), filter: EVERYBODY, floorAwaySince: null, partsAway: new Map(), nodeFaults: new Map(), now: NOW, ...more, agents, agentsById: new Map(agents.map((one) => [one.id, one])) });
}

describe("alarms", () => {
  it("stay silent on a calm floor", () => {
    expect(alarms({ agents: [agent("1", "ready"), agent("2", "offline")], calls: [call("a", "waiting", 5)], queues: [queue()] })).toEqual([]);
  });

  it("tell once per queue how many callers wait too long, since the oldest", () => {
    const found = alarms({ calls: [call("a", "waiting", 30), call("b", "ringing", 45), call("c", "waiting", 3), call("d", "waiting", 50, { queue_id: "q2" })] });
    expect(found.map(({ kind, what, since, queueId }) => [kind, what, since, queueId])).toEqual([
      ["long_wait", "1", NOW - 50_000, "q2"],
      ["long_wait", "2", NOW - 45_000, "q1"],
    ]);
  });

  it("tell of a queue without agents at once, of a busy one only behind its threshold", () => {
    expect(alarms({ queues: [queue({ ready: 0, signed_in: 0 })] }).map((one) => one.kind)).toEqual(["nobody_signed_in"]);
    expect(alarms({ queues: [queue({ ready: 0 })] }).map((one) => one.kind)).toEqual(["nobody_ready"]);
    expect(alarms({ queues: [queue({ ready: 0, talking: 2 })] })).toEqual([]);
    expect(alarms({ queues: [queue({ ready: 0, talking: 2, longest_since: NOW - 21_000 })] }).map((one) => one.kind)).toEqual(["nobody_ready"]);
    expect(alarms({ queues: [queue({ ready: 0, waiting: 0, longest_since: null })] })).toEqual([]);
  });

  it("do not call an agent missing while all who wait ring at one", () => {
    const queues = [queue({ ready: 0, waiting: 1 })];
    expect(alarms({ queues, calls: [call("a", "ringing", 4)] })).toEqual([]);
    const behind = { queues: [queue({ ready: 0, waiting: 2 })], calls: [call("a", "ringing", 4), call("b", "waiting", 3)] };
    expect(alarms(behind)).toEqual([]);
    expect(alarms({ ...behind, queues: [queue({ ready: 0, waiting: 2, longest_since: NOW - 21_000 })] }).map((one) => one.kind)).toEqual(["nobody_ready"]);
  });

  it("tell of phones that are gone and of calls let pass, of the signed in only", () => {
    const lost = agent("1", "not_ready", { phone_online: false });
    const missed = agent("2", "ready", { missed: 3 });
    const away = agent("3", "offline", { missed: 9 });
    expect(alarms({ agents: [lost, missed, away] }).map((one) => [one.kind, one.agentId])).toEqual([["missed", "2"], ["phone_offline", "1"]]);
  });

  it("tell of call control and of parts that are away, the oldest alarm first", () => {
    const found = alarms({ floorAwaySince: NOW - 1000, partsAway: new Map([["database", NOW - 9000]]), agents: [agent("1", "ready", { phone_online: false })] });
    expect(found.map((one) => one.kind)).toEqual(["part_away", "phone_offline", "floor_away"]);
  });

  it("keep to the chosen team and queue", () => {
    const filter = { ...EVERYBODY, team: "t2", queue: "q2" };
    expect(alarms({ filter, agents: [agent("1", "ready", { phone_online: false })], queues: [queue({ ready: 0 })], calls: [call("a", "waiting", 60)] })).toEqual([]);
  });

  it("are the same while nothing but time has passed", () => {
    const input = { calls: [call("a", "waiting", 30)] };
    expect(sameAlarms(alarms(input), alarms({ ...input, now: NOW + 500 }))).toBe(true);
    expect(sameAlarms(alarms(input), alarms({ calls: [...input.calls, call("b", "waiting", 25)] }))).toBe(false);
  });

  it("leave the switch out while nobody can tell of it", () => {
    expect(awayParts({ status: "down", parts: { database: true, floor: false, switch: false } })).toEqual([]);
    expect(awayParts({ status: "down", parts: { database: false, floor: true, switch: false } })).toEqual(["database", "switch"]);
    expect(awayParts({ status: "ok", parts: { database: true, floor: true, switch: true, disk: false } })).toEqual(["disk"]);
    expect(awayParts(null)).toEqual([]);
  });
});

describe("the nodes of the switch", () => {
  const node = (name: string, more: Partial<SystemNode> = {}): SystemNode => ({ name, connected: true, draining: false, calls: 2, ...more });

  it("are nothing to act on while they are there, or were taken out of use on purpose", () => {
    const nodes = [node("n1"), node("n2", { draining: true }), node("n3", { draining: true, connected: false })];
    expect(nodeFaults(nodes)).toEqual([]);
    expect(drainingOf(nodes).map((one) => one.name)).toEqual(["n2", "n3"]);
  });

  it("are an alarm when one of several is away", () => {
    expect(nodeFaults([node("n1"), node("n2", { connected: false })])).toEqual(["away n2"]);
    const found = alarms({ nodeFaults: knownSince(["away n2"] as const, new Map(), NOW - 3000) });
    expect(found.map(({ kind, what, since }) => [kind, what, since])).toEqual([["node_away", "n2", NOW - 3000]]);
  });

  it("are left to the alarm of the switch when all are away", () => {
    expect(nodeFaults([node("n1", { connected: false }), node("n2", { connected: false, draining: true })])).toEqual([]);
    expect(nodeFaults([])).toEqual([]);
  });

  it("are an alarm when no call gets in any more", () => {
    const nodes = [node("n1", { draining: true }), node("n2", { connected: false })];
    expect(nodeFaults(nodes)).toEqual(["all_draining", "away n2"]);
    expect(alarms({ nodeFaults: new Map([["all_draining", NOW]]) }).map((one) => one.kind)).toEqual(["all_draining"]);
  });

  it("say how far their calls have run off", () => {
    expect([node("a"), node("b", { calls: 0 }), node("c", { connected: false })].map(drainingWord)).toEqual(["busy", "empty", "away"]);
  });

  it("keep the time since which a fault is known", () => {
    expect([...knownSince(["a", "b"], new Map([["a", 1], ["c", 2]]), 9)]).toEqual([["a", 1], ["b", 9]]);
  });
});

describe("the filter of the board", () => {
  it("comes back from the address as it went in", () => {
    const filter: BoardFilter = { team: "t1", queue: "q9", states: ["ready", "hold"] };
    const query = queryOf(filter, { wall: "1" });
    expect(query).toEqual({ wall: "1", team: "t1", queue: "q9", state: "ready,hold" });
    expect(filterOf(query as Record<string, string>)).toEqual(filter);
  });

  it("leaves nothing in the address when it is empty, and survives nonsense", () => {
    expect(queryOf(EVERYBODY, {})).toEqual({ team: undefined, queue: undefined, state: undefined });
    expect(filterOf({ state: "flying,ready,", team: ["a", "b"], queue: "" })).toEqual({ team: null, queue: null, states: ["ready"] });
  });

  it("hides who is not signed in until asked for", () => {
    expect(showsState("offline", EVERYBODY)).toBe(false);
    expect(showsState("offline", { ...EVERYBODY, states: ["offline"] })).toBe(true);
    expect(showsState("ready", { ...EVERYBODY, states: ["offline"] })).toBe(false);
  });

  it("shows waiting callers to every team, connected ones to their agent's", () => {
    const agents = new Map([["1", agent("1", "talking")]]);
    const filter = { ...EVERYBODY, team: "t2" };
    expect(callInScope(call("a", "waiting", 1), filter, agents)).toBe(true);
    expect(callInScope(call("b", "talking", 1, { agent_id: "1" }), filter, agents)).toBe(false);
    expect(callInScope(call("c", "waiting", 1), { ...EVERYBODY, queue: "q2" }, agents)).toBe(false);
  });
});

describe("the order of the board", () => {
  const teams = new Map([["t1", { name: "B" }], ["t2", { name: "A" }]]);

  it("groups by team in order of names, people without a team last, agents by extension", () => {
    const agents = [agent("3", "ready", { team_id: null }), agent("2", "ready", { team_id: "t1" }), agent("1", "talking", { team_id: "t1" }), agent("4", "hold", { team_id: "t2" }), agent("5", "ready", { team_id: "gone" })];
    expect(groupsOf(agents, teams, EVERYBODY).map((group) => [group.name, group.agents])).toEqual([["A", ["4"]], ["B", ["1", "2"]], ["", ["3", "5"]]]);
  });

  it("counts hidden agents in their team's line but shows no empty team", () => {
    const agents = [agent("1", "offline"), agent("2", "ready"), agent("3", "offline", { team_id: "t2" })];
    const groups = groupsOf(agents, teams, EVERYBODY);
    expect(groups.map((group) => [group.name, group.agents, group.counts])).toEqual([["B", ["2"], { offline: 1, ready: 1 }]]);
    expect(countsOf(agents, EVERYBODY)).toEqual({ offline: 2, ready: 1 });
  });

  it("does not move a card when its state changes", () => {
    const before = groupsOf([agent("1", "ready"), agent("2", "ready")], teams, EVERYBODY);
    const after = groupsOf([agent("1", "talking"), agent("2", "ready")], teams, EVERYBODY);
    expect(after.map((group) => group.agents)).toEqual(before.map((group) => group.agents));
  });

  it("counts the longest wait of a queue from entering it", () => {
    const queues = [queue({ longest_since: NOW - 60_000 }), queue({ id: "q2", name: "Able", waiting: 0, longest_since: null })];
    const calls = [call("a", "waiting", 10), call("b", "ringing", 40), call("c", "talking", 90)];
    expect(queuesOf(queues, calls, EVERYBODY).map((one) => [one.id, one.longest_since])).toEqual([["q2", null], ["q1", NOW - 40_000]]);
    expect(queuesOf(queues, calls, { ...EVERYBODY, queue: "q1" })).toHaveLength(1);
  });

  it("counts places within each queue by the order of the floor, without callers who ring at an agent", () => {
    const calls = [call("a", "waiting", 10), call("vip", "waiting", 5, { order: NOW - 90_000 }), call("b", "ringing", 40), call("c", "waiting", 30, { queue_id: "q2" }), call("d", "talking", 99)];
    expect([...placesOf(calls)].sort()).toEqual([["a", 2], ["c", 1], ["vip", 1]]);
    expect(placesOf(calls.filter((one) => one.id !== "vip")).get("a")).toBe(1);
  });

  it("keeps waiting callers and other calls apart, the longest first", () => {
    const calls = [call("a", "waiting", 10), call("b", "ringing", 40), call("c", "talking", 90), call("d", "ended", 99), call("e", "greeting", 0, { queued_at: null }), call("f", "ringing", 3, { direction: "out", queued_at: null })];
    expect(waitingOf(calls).map((one) => one.id)).toEqual(["b", "a"]);
    expect(liveOf(calls).map((one) => one.id)).toEqual(["c", "f", "e"]);
  });

  it("sums service level over queues by calls, and has none when nothing was offered", () => {
    const day = (queue_id: string, offered: number, within: number) => ({ queue_id, offered, answered: within, abandoned: offered - within, answered_within: within, threshold_s: 20, service_level: null, asa_ms: null, longest_wait_ms: null });
    const queues = [queue({ waiting: 2, longest_since: NOW - 9000 }), queue({ id: "q2", waiting: 0, longest_since: null })];
    expect(totalOf(queues, [day("q1", 10, 5), day("q2", 30, 27), day("q3", 99, 0)])).toMatchObject({ waiting: 2, longestSince: NOW - 9000, offered: 40, abandoned: 8, level: 0.8 });
    expect(totalOf(queues, []).level).toBeNull();
  });
});

describe("urgency", () => {
  it("turns amber, then red, with time, and never for a ready agent", () => {
    expect([10, 60, 120].map((s) => urgencyOfState("wrap_up", s * 1000))).toEqual(["calm", "amber", "red"]);
    expect(urgencyOfState("ready", 9_999_000)).toBe("calm");
    expect([5, 10, 20].map((s) => urgencyOfWait(s * 1000, 20))).toEqual(["calm", "amber", "red"]);
    expect([null, 0.8, 0.75, 0.5].map(urgencyOfService)).toEqual(["calm", "calm", "amber", "red"]);
  });
});

describe("a figure of the day", () => {
  it("opens to the calls of its queue since the same moment", () => {
    expect(callsOf("abandoned", "q1", NOW)).toEqual({ path: "/calls", query: { from: String(NOW), stayed_in: "q1", stay: "abandoned" } });
    expect(callsOf("answered", "q1", midnight(Date.now()))).toMatchObject({ query: { range: "today", stay: "answered" } });
    expect(callsOf("offered", "q1", undefined)).toEqual({ path: "/calls", query: { range: "today", stayed_in: "q1" } });
  });
});
