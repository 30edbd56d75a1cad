/** What the list of callbacks is narrowed to, as it stands in the page's address. */
import type { LocationQuery, LocationQueryRaw } from "vue-router";

import type { Query } from "@/api/client";

import type { CallbackKind, CallbackState } from "./types";

export const VIEWS = ["todo", "mine", "done", "dropped", "all"] as const;
/** todo: nobody has closed it; mine: taken by oneself. */
export type View = (typeof VIEWS)[number];
export const KINDS: readonly CallbackKind[] = ["lost_call", "message"];

export interface CallbacksFilter {
  view: View;
  kind: CallbackKind | null;
  queue: string | null;
  q: string;
}

const oneOf = <T extends string>(known: readonly T[], value: unknown): T | null => known.find((one) => one === value) ?? null;
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** Nonsense in the address counts as nothing. */
export function filterOf(query: LocationQuery): CallbacksFilter {
  return { view: oneOf(VIEWS, query.view) ?? "todo", kind: oneOf(KINDS, query.kind), queue: text(query.queue), q: text(query.q) ?? "" };
}

export function queryOf(filter: CallbacksFilter): LocationQueryRaw {
  return { view: filter.view === "todo" ? undefined : filter.view, kind: filter.kind ?? undefined, queue: filter.queue ?? undefined, q: filter.q === "" ? undefined : filter.q };
}

const STATES: Record<View, readonly CallbackState[]> = { todo: ["open", "in_progress"], mine: ["in_progress"], done: ["done"], dropped: ["dropped"], all: [] };

/** As asked of the server: what is to be done oldest first, what is over newest first. */
export function apiQueryOf(filter: CallbacksFilter): Query {
  const { view, kind, queue, q } = filter;
  const living = view === "todo" || view === "mine";
  return { state: STATES[view], mine: view === "mine" ? true : null, kind, queue_id: queue, q, order: living ? null : "newest" };
}

/** How many filters besides the view are set. */
export const narrowed = ({ kind, queue, q }: CallbacksFilter): number => [kind, queue, q].filter(Boolean).length;
