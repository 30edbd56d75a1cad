/** From when on a time on the board is conspicuous. */
import type { AgentState } from "@/api/types";

export type Urgency = "calm" | "amber" | "red";

/** Seconds after which a state turns amber, and red; states that are not named never do. */
const STATE_LIMITS_S: Partial<Record<AgentState, readonly [number, number]>> = {
  ringing: [15, 30],
  dialing: [45, 90],
  talking: [300, 600],
  hold: [60, 120],
  wrap_up: [60, 120],
  not_ready: [900, 1800],
};

export const DEFAULT_THRESHOLD_S = 20;
/** The share of callers that is to be answered within the threshold, where nothing else was agreed. */
export const SERVICE_TARGET = 0.8;
/** So many calls missed since the sign-in are an alarm. */
export const MISSED_ALARM = 3;

export function urgencyOfState(state: AgentState, lastsMs: number): Urgency {
  const limits = STATE_LIMITS_S[state];
  if (!limits || lastsMs < limits[0] * 1000) return "calm";
  return lastsMs < limits[1] * 1000 ? "amber" : "red";
}

/** A caller is amber from half of the threshold on, red behind it. */
export function urgencyOfWait(waitsMs: number, thresholdS: number): Urgency {
  if (waitsMs < thresholdS * 500) return "calm";
  return waitsMs < thresholdS * 1000 ? "amber" : "red";
}

export function urgencyOfService(level: number | null): Urgency {
  if (level === null || level >= SERVICE_TARGET) return "calm";
  return level >= SERVICE_TARGET - 0.1 ? "amber" : "red";
}
