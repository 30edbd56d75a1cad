/** What the server sends and takes, as agreed in the API. Times are milliseconds since the epoch. */

export type Role = "agent" | "team_leader" | "shift_leader" | "supervisor" | "manager" | "quality" | "admin";

export type Permission =
  | "desk.use"
  | "board.see"
  | "agents.control"
  | "calls.see_own"
  | "calls.see_team"
  | "calls.see_all"
  | "recordings.hear_own"
  | "recordings.hear_team"
  | "recordings.hear_all"
  | "customers.see"
  | "customers.edit"
  | "config.see"
  | "config.edit"
  | "people.edit"
  | "audit.see"
  | "test_call.make";

export type Locale = "zh-CN" | "en";
export type PhoneKind = "browser" | "sip" | "static";

export interface Me {
  person: { id: string; login: string; name: string; role: Role; team_id: string | null; locale: Locale };
  permissions: Permission[];
  agent: { extension: string; phone_kind: PhoneKind } | null;
  features: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface SessionItem {
  id: string;
  created_at: number;
  seen_at: number;
  address: string;
  device: string;
  current: boolean;
}

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
  position: number | null;
  recording: "off" | "on" | "paused";
  digits: string;
  ended_by: EndedBy | null;
  cause: string | null;
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

export type CustomerLevel = "normal" | "vip";

export interface CustomerNumber {
  id?: string;
  number: string;
  label: string;
}

export interface CustomerDraft {
  name: string;
  level: CustomerLevel;
  company: string;
  address: string;
  note: string;
  numbers: CustomerNumber[];
}

export interface Customer extends CustomerDraft {
  id: string;
  created_at: number;
  updated_at: number;
}

export interface NumberInfo {
  e164: string | null;
  national: string;
  region: string | null;
  carrier: string | null;
}

export interface CustomerLookup {
  number: NumberInfo;
  customers: Customer[];
  recent: CallItem[];
}

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

export interface CallItem {
  id: string;
  direction: Direction;
  caller: string;
  called: string;
  customer_number: string;
  customer: { id: string; name: string; level: CustomerLevel } | null;
  queue_id: string | null;
  agent_id: string | null;
  agent_name: string | null;
  arrived_at: number;
  queued_at: number | null;
  answered_at: number | null;
  ended_at: number | null;
  wait_ms: number | null;
  talk_ms: number | null;
  hold_ms: number | null;
  wrap_up_ms: number | null;
  result: CallResult;
  ended_by: EndedBy | null;
  cause: string | null;
  disposition_id: string | null;
  note: string | null;
  has_recording: boolean;
  n_facts: number;
}

export interface StoryFact {
  position: number;
  at: number;
  type: string;
  version: number;
  agent_id: string | null;
  queue_id: string | null;
  data: Record<string, unknown>;
}

export interface CallStory {
  facts: StoryFact[];
}

export interface Disposition {
  id: string;
  name: string;
  name_en: string;
  active: boolean;
  order: number;
  direction: "in" | "out" | "both";
}

export interface NotReadyReason {
  id: string;
  name: string;
  name_en: string;
  active: boolean;
  order: number;
  counts_as: "break" | "meeting" | "training" | "work";
}

export interface PhoneCredentials {
  ws_path: string;
  uri: string;
  username: string;
  password: string;
  display_name: string;
}
