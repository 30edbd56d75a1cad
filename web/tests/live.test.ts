import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { LiveAgent, LiveCall, LiveQueue } from "@/api/types";
import { callOf } from "@/features/desk/useCurrentCall";
import { applyLive, type LiveMessage } from "@/live/model";
import { LiveSocket } from "@/live/socket";

const agent = (id: string, more: Partial<LiveAgent> = {}) => ({ id, state: "ready", call_id: null, ...more }) as LiveAgent;
const call = (id: string, more: Partial<LiveCall> = {}) => ({ id, phase: "talking", agent_id: null, offered: [], ...more }) as unknown as LiveCall;
const queue = (id: string) => ({ id }) as LiveQueue;
const empty = () => ({ agents: new Map<string, LiveAgent>(), calls: new Map<string, LiveCall>(), queues: new Map<string, LiveQueue>() });

describe("the live state", () => {
  it("is what the snapshot says, and forgets what a new snapshot does not name", () => {
    const state = empty();
    applyLive(state, { t: "snapshot", agents: [agent("a"), agent("b")], calls: [call("c")], queues: [queue("q")] });
    applyLive(state, { t: "snapshot", agents: [agent("b")], calls: [], queues: [queue("q")] });
    expect([...state.agents.keys()]).toEqual(["b"]);
    expect(state.calls.size).toBe(0);
    expect(state.queues.size).toBe(1);
  });

  it("follows changes and departures of each kind", () => {
    const state = empty();
    applyLive(state, { t: "set", kind: "call", id: "c", value: call("c") });
    applyLive(state, { t: "set", kind: "agent", id: "a", value: agent("a", { state: "hold" }) });
    applyLive(state, { t: "set", kind: "queue", id: "q", value: queue("q") });
    expect(state.agents.get("a")?.state).toBe("hold");
    for (const kind of ["call", "queue"] as const) applyLive(state, { t: "gone", kind, id: kind === "call" ? "c" : "q" });
    expect([state.agents.size, state.calls.size, state.queues.size]).toEqual([1, 0, 0]);
  });

  it("is not touched by other messages", () => {
    const state = empty();
    applyLive(state, { t: "pong", now: 1 });
    applyLive(state, { t: "floor", up: false });
    expect(state).toEqual(empty());
  });
});

describe("the call of an agent", () => {
  const calls = (...all: LiveCall[]) => new Map(all.map((one) => [one.id, one]));

  it("is the one that his state names", () => {
    expect(callOf("a", agent("a", { call_id: "c2" }), calls(call("c1", { agent_id: "a" }), call("c2")))?.id).toBe("c2");
  });

  it("is else the one put to him, before one that is over", () => {
    const found = callOf("a", agent("a"), calls(call("old", { agent_id: "a", phase: "ended" }), call("new", { phase: "ringing", offered: ["a"] })));
    expect(found?.id).toBe("new");
    expect(callOf("a", agent("a"), calls(call("old", { agent_id: "a", phase: "ended" })))?.id).toBe("old");
    expect(callOf("a", undefined, calls(call("other", { agent_id: "b" })))).toBeNull();
  });
});

class FakeSocket {
  static readonly OPEN = 1;
  readyState = FakeSocket.OPEN;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.readyState = 3;
  }
}

describe("the live connection", () => {
  let opened: FakeSocket[];
  let heard: LiveMessage[];
  let closed: boolean[];
  let live: LiveSocket;
  const last = () => {
    const socket = opened.at(-1);
    if (!socket) throw new Error("none opened");
    return socket;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    opened = [];
    heard = [];
    closed = [];
    live = new LiveSocket("ws://x", { message: (m) => heard.push(m), closed: (refused) => closed.push(refused) }, () => {
      const socket = new FakeSocket();
      opened.push(socket);
      return socket as unknown as WebSocket;
    });
    live.start();
    last().onopen?.();
  });
  afterEach(() => {
    live.stop();
    vi.useRealTimers();
  });

  it("comes back after a loss", () => {
    last().onclose?.({ code: 1006 });
    expect(closed).toEqual([false]);
    vi.advanceTimersByTime(1000);
    expect(opened).toHaveLength(2);
  });

  it("asks at once and waits shortly when the machine believes itself off line", () => {
    live.probe();
    expect(last().sent).toEqual(['{"t":"ping"}']);
    vi.advanceTimersByTime(3_000);
    expect(closed).toEqual([false]);
  });

  it("gives up a connection that answers no ping", () => {
    vi.advanceTimersByTime(20_000);
    expect(last().sent).toEqual(['{"t":"ping"}']);
    vi.advanceTimersByTime(10_000);
    expect(closed).toEqual([false]);
    vi.advanceTimersByTime(1000);
    expect(opened).toHaveLength(2);
  });

  it("keeps a connection that answers", () => {
    vi.advanceTimersByTime(20_000);
    last().onmessage?.({ data: '{"t":"pong","now":5}' });
    vi.advanceTimersByTime(15_000);
    expect(closed).toEqual([]);
    expect(heard).toEqual([{ t: "pong", now: 5 }]);
  });

  it("does not come back when the session is over", () => {
    last().onclose?.({ code: 4401 });
    expect(closed).toEqual([true]);
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
  });

  it("tries at once when the network is back", () => {
    last().onclose?.({ code: 1006 });
    live.hurry();
    expect(opened).toHaveLength(2);
    live.hurry();
    expect(opened).toHaveLength(2);
  });
});
