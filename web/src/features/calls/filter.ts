/** What the list is narrowed to: in the address bar, and as the server is asked. Pure. */
import type { LocationQuery, LocationQueryRaw } from "vue-router";

import type { Query } from "@/api/client";
import type { CallResult, Direction } from "@/api/types";

export const RANGES = ["today", "yesterday", "week", "all"] as const;
export type Range = (typeof RANGES)[number];

export const RESULTS: readonly CallResult[] = ["answered", "abandoned_queue", "abandoned_menu", "no_answer", "busy", "overflowed", "refused", "failed", "in_progress"];
export const STAYS = ["answered", "abandoned", "overflowed", "refused"] as const;
export type Stay = (typeof STAYS)[number];

export interface CallsFilter {
  /** Null: `from` and `to` count. */
  range: Range | null;
  from: number | null;
  to: number | null;
  direction: Direction | null;
  queue: string | null;
  agent: string | null;
  team: string | null;
  result: CallResult | null;
  disposition: string | null;
  customer: string | null;
  number: string | null;
  q: string;
  /** Calls that were in this queue and left it, and how: what a figure of the board counts. */
  stayedIn: string | null;
  stay: Stay | null;
  oldestFirst: boolean;
}

const text = (value: LocationQuery[string] | undefined) => (typeof value === "string" && value !== "" ? value : null);
const moment = (value: LocationQuery[string] | undefined) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null);
const oneOf = <T extends string>(all: readonly T[], value: LocationQuery[string] | undefined) => all.find((one) => one === value) ?? null;

export function filterOf(query: LocationQuery): CallsFilter {
  const from = moment(query.from);
  const to = moment(query.to);
  // Who asks for a customer or a number wants all of the calls; otherwise the day is what people look for.
  const usual: Range = text(query.customer) !== null || text(query.number) !== null ? "all" : "today";
  return {
    range: from !== null || to !== null ? null : (oneOf(RANGES, query.range) ?? usual),
    from,
    to,
    direction: oneOf(["in", "out"] as const, query.direction),
    queue: text(query.queue),
    agent: text(query.agent),
    team: text(query.team),
    result: oneOf(RESULTS, query.result),
    disposition: text(query.disposition),
    customer: text(query.customer),
    number: text(query.number),
    q: text(query.q) ?? "",
    stayedIn: text(query.stayed_in),
    stay: oneOf(STAYS, query.stay),
    oldestFirst: query.order === "oldest",
  };
}

export function queryOf(filter: CallsFilter): LocationQueryRaw {
  const fixed = filter.range === null;
  return {
    range: fixed ? undefined : (filter.range ?? undefined),
    from: fixed && filter.from !== null ? String(filter.from) : undefined,
    to: fixed && filter.to !== null ? String(filter.to) : undefined,
    direction: filter.direction ?? undefined,
    queue: filter.queue ?? undefined,
    agent: filter.agent ?? undefined,
    team: filter.team ?? undefined,
    result: filter.result ?? undefined,
    disposition: filter.disposition ?? undefined,
    customer: filter.customer ?? undefined,
    number: filter.number ?? undefined,
    q: filter.q === "" ? undefined : filter.q,
    stayed_in: filter.stayedIn ?? undefined,
    stay: filter.stayedIn === null ? undefined : (filter.stay ?? undefined),
    order: filter.oldestFirst ? "oldest" : undefined,
  };
}

/** Midnight before `now`, `days` days earlier, where the reader is. */
export function midnight(now: number, days = 0): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days).getTime();
}

/** Arrivals from (inclusive) to (exclusive), ms since the epoch; null is open. */
export function spanOf(filter: CallsFilter, now: number): { from: number | null; to: number | null } {
  switch (filter.range) {
    case null:
      return { from: filter.from, to: filter.to };
    case "today":
      return { from: midnight(now), to: null };
    case "yesterday":
      return { from: midnight(now, 1), to: midnight(now) };
    case "week":
      return { from: midnight(now, 6), to: null };
    case "all":
      return { from: null, to: null };
  }
}

/** The list as asked of the server, without its cursor. */
export function apiQueryOf(filter: CallsFilter, now: number): Query {
  return {
    ...spanOf(filter, now),
    direction: filter.direction,
    queue_id: filter.queue,
    agent_id: filter.agent,
    team_id: filter.team,
    result: filter.result,
    disposition_id: filter.disposition,
    customer_id: filter.customer,
    number: filter.number,
    q: filter.q,
    stayed_in: filter.stayedIn,
    stay: filter.stayedIn === null ? null : filter.stay,
    order: filter.oldestFirst ? "oldest" : null,
  };
}

/** How many filters besides the time are set. */
export function narrowed(filter: CallsFilter): number {
  const { direction, queue, agent, team, result, disposition, customer, number, q, stayedIn } = filter;
  return [direction, queue, agent, team, result, disposition, customer, number, q, stayedIn].filter(Boolean).length;
}
