import type { LiveAgent, LiveCall, LiveQueue } from "@/api/types";

export type Kind = "agent" | "call" | "queue";

export type LiveMessage =
  | { t: "hello"; now: number; floor: boolean }
  | { t: "snapshot"; agents: LiveAgent[]; calls: LiveCall[]; queues: LiveQueue[] }
  | { t: "set"; kind: "agent"; id: string; value: LiveAgent }
  | { t: "set"; kind: "call"; id: string; value: LiveCall }
  | { t: "set"; kind: "queue"; id: string; value: LiveQueue }
  | { t: "gone"; kind: Kind; id: string }
  | { t: "floor"; up: boolean }
  | { t: "taken_over"; tab: string }
  | { t: "session_ended" }
  | { t: "pong"; now: number };

export interface LiveState {
  agents: Map<string, LiveAgent>;
  calls: Map<string, LiveCall>;
  queues: Map<string, LiveQueue>;
}

/** Brings the three maps to what a message says; other messages leave them alone. */
export function applyLive(state: LiveState, message: LiveMessage): void {
  switch (message.t) {
    case "snapshot":
      replace(state.agents, message.agents);
      replace(state.calls, message.calls);
      replace(state.queues, message.queues);
      return;
    case "set":
      if (message.kind === "agent") state.agents.set(message.id, message.value);
      else if (message.kind === "call") state.calls.set(message.id, message.value);
      else state.queues.set(message.id, message.value);
      return;
    case "gone":
      ({ agent: state.agents, call: state.calls, queue: state.queues })[message.kind].delete(message.id);
      return;
    default:
      return;
  }
}

/** Keeps what is unchanged, so that a reconnect does not make the screen blink. */
function replace<T extends { id: string }>(map: Map<string, T>, values: T[]): void {
  const ids = new Set(values.map((value) => value.id));
  for (const id of [...map.keys()]) if (!ids.has(id)) map.delete(id);
  for (const value of values) map.set(value.id, value);
}
