/** How the floor is put in order for the board. Pure. */
import type { AgentState, CallPhase, LiveAgent, LiveCall, LiveQueue } from "@/api/types";

import { inScope, showsState, type BoardFilter } from "./filter";

/** `priority` is sent with calls that wait. */
export type BoardCall = LiveCall & { priority?: number };

export interface TeamGroup {
  /** Null: people without a team. */
  id: string | null;
  name: string;
  agents: string[];
  counts: Partial<Record<AgentState, number>>;
}

const WAITING: ReadonlySet<CallPhase> = new Set<CallPhase>(["waiting", "ringing"]);

/** Stable whatever happens: nobody's card moves because his state changes. */
export function byExtension(a: LiveAgent, b: LiveAgent): number {
  return a.extension.length - b.extension.length || a.extension.localeCompare(b.extension) || a.id.localeCompare(b.id);
}

/** Agents of the chosen scope and states by team; teams in order of their names, people without one at the end. */
export function groupsOf(agents: Iterable<LiveAgent>, teams: ReadonlyMap<string, { name: string }>, filter: BoardFilter): TeamGroup[] {
  const groups = new Map<string | null, TeamGroup>();
  for (const agent of [...agents].sort(byExtension)) {
    if (!inScope(agent, filter)) continue;
    const known = agent.team_id !== null && teams.has(agent.team_id) ? agent.team_id : null;
    let group = groups.get(known);
    if (!group) {
      group = { id: known, name: known === null ? "" : (teams.get(known)?.name ?? ""), agents: [], counts: {} };
      groups.set(known, group);
    }
    group.counts[agent.state] = (group.counts[agent.state] ?? 0) + 1;
    if (showsState(agent.state, filter)) group.agents.push(agent.id);
  }
  return [...groups.values()]
    .filter((group) => group.agents.length > 0)
    .sort((a, b) => Number(a.id === null) - Number(b.id === null) || a.name.localeCompare(b.name, "zh-CN"));
}

export function countsOf(agents: Iterable<LiveAgent>, filter: BoardFilter): Partial<Record<AgentState, number>> {
  const counts: Partial<Record<AgentState, number>> = {};
  for (const agent of agents) if (inScope(agent, filter)) counts[agent.state] = (counts[agent.state] ?? 0) + 1;
  return counts;
}

export function isWaiting(call: LiveCall): boolean {
  return WAITING.has(call.phase) && call.direction === "in" && call.queued_at !== null;
}

/** Who waits for an agent, the longest first. */
export function waitingOf(calls: Iterable<BoardCall>): BoardCall[] {
  return [...calls].filter(isWaiting).sort((a, b) => (a.queued_at ?? 0) - (b.queued_at ?? 0) || a.id.localeCompare(b.id));
}

/** The place of each waiting caller within his queue, from 1. Who rings at an agent has none any more. */
export function placesOf(calls: Iterable<BoardCall>): Map<string, number> {
  const inOrder = [...calls]
    .filter((call) => call.order != null)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0) || a.arrived_at - b.arrived_at || a.id.localeCompare(b.id));
  const counts = new Map<string | null, number>();
  const places = new Map<string, number>();
  for (const call of inOrder) {
    const place = (counts.get(call.queue_id) ?? 0) + 1;
    counts.set(call.queue_id, place);
    places.set(call.id, place);
  }
  return places;
}

/** Queues in order of their names. The longest wait counts from entering the queue, as the service level does. */
export function queuesOf(queues: Iterable<LiveQueue>, calls: Iterable<LiveCall>, filter: BoardFilter): LiveQueue[] {
  const since = new Map<string | null, number>();
  for (const call of calls) {
    if (isWaiting(call)) since.set(call.queue_id, Math.min(since.get(call.queue_id) ?? Infinity, call.queued_at ?? Infinity));
  }
  return [...queues]
    .filter((queue) => filter.queue === null || queue.id === filter.queue)
    .map((queue) => ({ ...queue, longest_since: since.get(queue.id) ?? queue.longest_since }))
    .sort((a, b) => a.name.localeCompare(b.name, "zh-CN"));
}

/** All other calls that live, the oldest first. */
export function liveOf(calls: Iterable<BoardCall>): BoardCall[] {
  return [...calls]
    .filter((call) => !isWaiting(call) && call.phase !== "ended")
    .sort((a, b) => a.arrived_at - b.arrived_at || a.id.localeCompare(b.id));
}
