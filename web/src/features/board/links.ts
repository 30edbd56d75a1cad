/** Where a figure of the board opens to the calls that it counts. */
import type { RouteLocationRaw } from "vue-router";

import { midnight } from "@/features/calls/filter";
import { serverNow } from "@/lib/time";

export type DayCount = "offered" | "answered" | "abandoned";

/** `stay` counts stays in the queue, as the figure does: a caller who overflowed belongs to both queues. */
export function callsOf(what: DayCount, queueId: string, since: number | undefined): RouteLocationRaw {
  return { path: "/calls", query: { ...day(since), stayed_in: queueId, ...(what === "offered" ? {} : { stay: what }) } };
}

export function callsOfAgent(agentId: string, since: number | undefined): RouteLocationRaw {
  return { path: "/calls", query: { ...day(since), agent: agentId } };
}

/** The server's day; said as "today" where that is the reader's day too. */
const day = (since: number | undefined) => (since === undefined || since === midnight(serverNow()) ? { range: "today" } : { from: String(since) });
