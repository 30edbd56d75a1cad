// The floor of the mock: a few agents, queues and calls, and scenes that the desk is looked at in.

const now = () => Date.now();
const ME = "p1";

export const world = { agents: {}, calls: {}, queues: {} };

function agent(id, name, state, more = {}) {
  return {
    id, name, team_id: "t1", extension: `10${id.slice(1).padStart(2, "0")}`, state, reason_id: null, since: now() - 192_000, until: null,
    call_id: null, phone_online: true, wants: "ready", next_reason_id: null, handled: 14, missed: 1, tab: "x", queues: ["q1", "q2"], ...more,
  };
}

function call(id, phase, more = {}) {
  return {
    id, direction: "in", phase, caller: "+8613812345678", caller_name: "", called: "4008001234", customer_number: "+8613812345678",
    queue_id: "q1", agent_id: ME, offered: [], arrived_at: now() - 200_000, queued_at: now() - 190_000, answered_at: now() - 161_000,
    since: now() - 161_000, order: null, recording: "on", digits: "1", ended_by: null, cause: null, ...more,
  };
}

const SCENES = {
  not_ready: () => [agent(ME, "李晓梅", "not_ready", { reason_id: "r1", wants: "not_ready" }), null],
  ready: () => [agent(ME, "李晓梅", "ready"), null],
  ringing: () => [
    agent(ME, "李晓梅", "ringing", { call_id: "n1-1", since: now() - 4000 }),
    call("n1-1", "ringing", { agent_id: null, offered: [ME], answered_at: null, since: now() - 4000 }),
  ],
  talking: () => [agent(ME, "李晓梅", "talking", { call_id: "n1-1", since: now() - 161_000 }), call("n1-1", "talking")],
  hold: () => [agent(ME, "李晓梅", "hold", { call_id: "n1-1", since: now() - 20_000 }), call("n1-1", "hold", { since: now() - 20_000, recording: "paused" })],
  unknown: () => [
    agent(ME, "李晓梅", "talking", { call_id: "n1-2", since: now() - 20_000 }),
    call("n1-2", "talking", { customer_number: "+8675588886666", caller: "+8675588886666" }),
  ],
  several: () => [
    agent(ME, "李晓梅", "talking", { call_id: "n1-3", since: now() - 20_000, wants: "not_ready", next_reason_id: "r1" }),
    call("n1-3", "talking", { customer_number: "+8657187654321", caller: "+8657187654321" }),
  ],
  dialing: () => [
    agent(ME, "李晓梅", "dialing", { call_id: "o-4", since: now() - 6000 }),
    call("o-4", "dialing", { direction: "out", answered_at: null, queue_id: null, queued_at: null, since: now() - 6000, recording: "off" }),
  ],
  wrap_up: () => [
    agent(ME, "李晓梅", "wrap_up", { call_id: "n1-1", since: now() - 5000, until: now() + 25_000 }),
    call("n1-1", "ended", { ended_by: "customer", recording: "off" }),
  ],
};

export const scenes = Object.keys(SCENES);

export function scene(name) {
  const [mine, itsCall] = SCENES[name]();
  world.agents = Object.fromEntries([mine, agent("p2", "王建国", "talking"), agent("p3", "陈思思", "ready")].map((one) => [one.id, one]));
  world.calls = itsCall === null ? {} : { [itsCall.id]: itsCall };
  world.queues = {
    q1: { id: "q1", name: "售后服务", waiting: 3, longest_since: now() - 48_000, ready: 1, talking: 2, wrap_up: 0, signed_in: 3 },
    q2: { id: "q2", name: "业务咨询", waiting: 0, longest_since: null, ready: 1, talking: 0, wrap_up: 0, signed_in: 3 },
  };
}

/** Changes the present agent and his call a little, as a command would. */
export function amend(agentChange, callChange) {
  Object.assign(world.agents[ME], { since: now() }, agentChange);
  const id = world.agents[ME].call_id;
  if (id !== null && world.calls[id] && callChange) Object.assign(world.calls[id], { since: now() }, callChange);
}

scene("not_ready");
