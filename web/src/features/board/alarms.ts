/** What somebody must act on now. Pure. */
import type { LiveAgent, LiveCall, LiveQueue } from "@/api/types";

import { callInScope, inScope, type BoardFilter } from "./filter";
import { isWaiting } from "./floor";
import { DEFAULT_THRESHOLD_S, MISSED_ALARM } from "./limits";
import type { NodeFault } from "./nodes";

export type AlarmKind = "floor_away" | "part_away" | "disk_full" | "node_away" | "all_draining" | "nobody_signed_in" | "nobody_ready" | "long_wait" | "phone_offline" | "missed";

export interface Alarm {
  /** Stays the same while the alarm lasts. */
  key: string;
  kind: AlarmKind;
  since: number;
  agentId?: string;
  queueId?: string;
  /** Number, name or count that the sentence needs. */
  what: string;
}

export interface AlarmInput {
  agents: Iterable<LiveAgent>;
  calls: Iterable<LiveCall>;
  queues: Iterable<LiveQueue>;
  agentsById: ReadonlyMap<string, LiveAgent>;
  /** Seconds by queue id. */
  thresholds: ReadonlyMap<string, number>;
  filter: BoardFilter;
  /** Since when call control is away; null while it is there. */
  floorAwaySince: number | null;
  /** Parts of the platform that are away, and since when we know. */
  partsAway: ReadonlyMap<string, number>;
  /** What is wrong with single nodes of the switch, and since when we know. */
  nodeFaults: ReadonlyMap<NodeFault, number>;
  now: number;
}

/** All alarms, the oldest first. */
export function alarmsOf(input: AlarmInput): Alarm[] {
  return [...ofPlatform(input), ...ofQueues(input), ...ofCalls(input), ...ofAgents(input)].sort(
    (a, b) => a.since - b.since || a.key.localeCompare(b.key),
  );
}

/** True when both say the same, so that the screen need not be drawn anew. */
export function sameAlarms(a: readonly Alarm[], b: readonly Alarm[]): boolean {
  return a.length === b.length && a.every((alarm, at) => alarm.key === b[at]?.key && alarm.since === b[at].since && alarm.what === b[at].what);
}

function* ofPlatform({ floorAwaySince, partsAway, nodeFaults }: AlarmInput): Generator<Alarm> {
  if (floorAwaySince !== null) yield { key: "floor", kind: "floor_away", since: floorAwaySince, what: "" };
  for (const [name, since] of partsAway) yield { key: `part ${name}`, kind: name === "disk" ? "disk_full" : "part_away", since, what: name };
  for (const [fault, since] of nodeFaults) {
    if (fault === "all_draining") yield { key: fault, kind: fault, since, what: "" };
    else yield { key: fault, kind: "node_away", since, what: fault.slice("away ".length) };
  }
}

function* ofQueues({ queues, calls, filter, thresholds, now }: AlarmInput): Generator<Alarm> {
  const ringing = new Map<string | null, number>();
  for (const call of calls) if (isWaiting(call) && call.phase === "ringing") ringing.set(call.queue_id, (ringing.get(call.queue_id) ?? 0) + 1);
  for (const queue of queues) {
    if (filter.queue !== null && queue.id !== filter.queue) continue;
    if (queue.waiting === 0 || queue.longest_since === null || queue.ready > 0) continue;
    const rings = ringing.get(queue.id) ?? 0;
    if (rings >= queue.waiting) continue;
    const about = { key: `queue ${queue.id}`, since: queue.longest_since, queueId: queue.id, what: queue.name };
    // Agents at work come back by themselves, so that is news only when it lasts; a queue without any is at once.
    const stuck = rings === 0 && queue.talking === 0 && queue.wrap_up === 0;
    if (queue.signed_in === 0) yield { ...about, kind: "nobody_signed_in" };
    else if (stuck || now - queue.longest_since >= limitMs(thresholds, queue.id)) yield { ...about, kind: "nobody_ready" };
  }
}

const limitMs = (thresholds: ReadonlyMap<string, number>, queueId: string | null) =>
  (thresholds.get(queueId ?? "") ?? DEFAULT_THRESHOLD_S) * 1000;

/** One alarm for all callers of a queue who wait too long: each of them stands red in the list beside. */
function* ofCalls({ calls, filter, thresholds, agentsById, now }: AlarmInput): Generator<Alarm> {
  const late = new Map<string, { count: number; since: number }>();
  for (const call of calls) {
    if (!isWaiting(call) || call.queued_at === null || !callInScope(call, filter, agentsById)) continue;
    if (now - call.queued_at < limitMs(thresholds, call.queue_id)) continue;
    const queue = call.queue_id ?? "";
    const known = late.get(queue) ?? { count: 0, since: call.queued_at };
    late.set(queue, { count: known.count + 1, since: Math.min(known.since, call.queued_at) });
  }
  for (const [queueId, { count, since }] of late) {
    yield { key: `wait ${queueId}`, kind: "long_wait", since, queueId, what: String(count) };
  }
}

function* ofAgents({ agents, filter }: AlarmInput): Generator<Alarm> {
  for (const agent of agents) {
    if (agent.state === "offline" || !inScope(agent, filter)) continue;
    if (!agent.phone_online) yield { key: `phone ${agent.id}`, kind: "phone_offline", since: agent.since, agentId: agent.id, what: agent.name };
    if (agent.missed >= MISSED_ALARM) yield { key: `missed ${agent.id}`, kind: "missed", since: agent.since, agentId: agent.id, what: agent.name };
  }
}
