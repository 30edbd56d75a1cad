/**
 * What the server sends and takes. The answers of HTTP follow schema.d.ts, which is generated from the server's own
 * description (`npm run api`); what comes over the live socket is written here. Times are ms since the epoch.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];
/** `T` with some fields known more exactly; a field that the server no longer has is an error here. */
type Exactly<T, N extends Partial<Record<keyof T, unknown>>> = Omit<T, keyof N> & N;

export type Role = Schemas["Role"];
export type Permission = Schemas["Permission"];
export type Locale = Schemas["Locale"];
export type PhoneKind = Schemas["PhoneKind"];

export type Me = Exactly<Schemas["Me"], { agent: Exactly<Schemas["SeatOut"], { phone_kind: PhoneKind }> | null }>;
export type SessionItem = Schemas["SessionOut"];
export type PhoneCredentials = Schemas["PhoneOut"];

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type CustomerLevel = Schemas["Level"];
export type Customer = Schemas["CustomerOut"];
/** A customer just saved; `details.also` names others who have the same numbers. */
export type SavedCustomer = Schemas["SavedCustomer"];
export type CustomerDraft = Required<Omit<Schemas["CustomerIn"], "numbers">> & {
  numbers: Required<Schemas["hujiao__crm__http__NumberIn"]>[];
};
export type CustomerLookup = Exactly<Schemas["Lookup"], { recent: CallItem[] }>;

export type CallResult =
  | "answered"
  | "abandoned_queue"
  | "abandoned_menu"
  | "overflowed"
  | "refused"
  | "no_answer"
  | "busy"
  | "failed"
  | "in_progress";

export type CallItem = Exactly<
  Schemas["CallOut"],
  {
    direction: Direction;
    result: CallResult;
    ended_by: EndedBy | null;
    customer: Exactly<Schemas["CustomerLabelOut"], { level: CustomerLevel }> | null;
  }
>;
export type StoryFact = Schemas["FactOut"];
/** The facts of a call, with the names of the people and queues in them by id. */
export type CallStory = Schemas["StoryOut"];
export type Disposition = Required<Schemas["DispositionOut"]>;
export type NotReadyReason = Schemas["ReasonOut"];

export type AgentState =
  | "offline"
  | "not_ready"
  | "ready"
  | "ringing"
  | "dialing"
  | "talking"
  | "hold"
  | "wrap_up"
  | "rest";

export interface LiveAgent {
  id: string;
  name: string;
  team_id: string | null;
  extension: string;
  state: AgentState;
  reason_id: string | null;
  since: number;
  until: number | null;
  call_id: string | null;
  phone_online: boolean;
  wants: "ready" | "not_ready";
  next_reason_id: string | null;
  handled: number;
  missed: number;
  /** Ids of the queues that the agent can serve. */
  queues: string[];
}

export type CallPhase =
  | "greeting"
  | "menu"
  | "waiting"
  | "ringing"
  | "dialing"
  | "talking"
  | "hold"
  | "reconnecting"
  | "leaving"
  | "ended";
export type Direction = "in" | "out";
export type EndedBy = "customer" | "agent" | "system";

export interface LiveCall {
  id: string;
  direction: Direction;
  phase: CallPhase;
  caller: string;
  caller_name: string;
  called: string;
  customer_number: string;
  queue_id: string | null;
  agent_id: string | null;
  offered: string[];
  arrived_at: number;
  queued_at: number | null;
  answered_at: number | null;
  since: number;
  /** What callers who wait are sorted by, the smallest first; null for who does not wait. */
  order: number | null;
  recording: "off" | "on" | "paused";
  digits: string;
  ended_by: EndedBy | null;
  cause: number | null;
}

export interface LiveQueue {
  id: string;
  name: string;
  waiting: number;
  longest_since: number | null;
  ready: number;
  talking: number;
  wrap_up: number;
  signed_in: number;
}
