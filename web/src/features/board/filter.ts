/** What the board is narrowed to, and how the address bar says so. */
import type { LocationQuery, LocationQueryRaw } from "vue-router";

import type { AgentState, LiveAgent, LiveCall } from "@/api/types";

export const STATES: readonly AgentState[] = ["ready", "ringing", "dialing", "talking", "hold", "wrap_up", "rest", "not_ready", "offline"];

export interface BoardFilter {
  team: string | null;
  queue: string | null;
  /** Empty: everybody who is signed in. */
  states: AgentState[];
}

const text = (value: LocationQuery[string] | undefined): string | null => (typeof value === "string" && value !== "" ? value : null);

export function filterOf(query: LocationQuery): BoardFilter {
  const wanted = new Set((text(query.state) ?? "").split(","));
  return { team: text(query.team), queue: text(query.queue), states: STATES.filter((state) => wanted.has(state)) };
}

/** The query with the filter in it; what else stands there is kept. */
export function queryOf(filter: BoardFilter, query: LocationQuery): LocationQueryRaw {
  // A query value that is undefined is left out of the address.
  return {
    ...query,
    team: filter.team ?? undefined,
    queue: filter.queue ?? undefined,
    state: filter.states.length === 0 ? undefined : filter.states.join(","),
  };
}

/** Belongs to the chosen team and queue, whatever the state. */
export function inScope(agent: LiveAgent, filter: BoardFilter): boolean {
  if (filter.team !== null && agent.team_id !== filter.team) return false;
  return filter.queue === null || agent.queues.includes(filter.queue);
}

export function showsState(state: AgentState, filter: BoardFilter): boolean {
  return filter.states.length === 0 ? state !== "offline" : filter.states.includes(state);
}

/** A waiting call belongs to no team yet: whoever leads one sees it. */
export function callInScope(call: LiveCall, filter: BoardFilter, agents: ReadonlyMap<string, LiveAgent>): boolean {
  if (filter.queue !== null && call.queue_id !== filter.queue) return false;
  if (filter.team === null || call.agent_id === null) return true;
  return agents.get(call.agent_id)?.team_id === filter.team;
}
