import type { MediaCounters } from "./port";

/** none: nothing arrives at all. */
export type Quality = "good" | "fair" | "poor" | "none";

const FAIR_LOSS = 0.02;
const POOR_LOSS = 0.06;
const FAIR_JITTER_S = 0.03;
const POOR_JITTER_S = 0.08;
const FAIR_ROUND_TRIP_S = 0.3;

/** How a call sounds, by what changed between two looks at the counters. */
export function quality(before: MediaCounters, now: MediaCounters): Quality {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  if (received <= 0) return "none";
  const loss = Math.max(lost / (received + lost), now.lostThere ?? 0);
  if (loss >= POOR_LOSS || now.jitterS >= POOR_JITTER_S) return "poor";
  if (loss >= FAIR_LOSS || now.jitterS >= FAIR_JITTER_S || (now.roundTripS ?? 0) >= FAIR_ROUND_TRIP_S) return "fair";
  return "good";
}
