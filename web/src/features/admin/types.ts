/** Administrated things as the server sends and takes them. Durations are seconds. */

import type { Locale, PhoneKind, Role } from "@/api/types";

/** Months that things are kept; 0 is for ever. Until `effective_at` nothing is deleted. */
export interface RetentionRule {
  ledger_months: number;
  recording_months: number;
  effective_at: number;
  ledger_from: number | null;
}

/** What a policy would delete at once. */
export interface RetentionEffect {
  ledger_before: number | null;
  months: string[];
  facts: number;
  recordings_before: number | null;
  recordings: number;
  recording_bytes: number;
}

export interface Team {
  id: string;
  name: string;
  leader_id: string | null;
}

export interface Skill {
  id: string;
  name: string;
}

export interface AgentProfile {
  extension: string;
  phone_kind: PhoneKind;
  contact: string;
  wrap_up_s: number | null;
  rest_s: number;
  max_missed: number;
  skills: Record<string, number>;
}

export interface Person {
  id: string;
  login: string;
  name: string;
  role: Role;
  team_id: string | null;
  locale: Locale;
  active: boolean;
  agent: AgentProfile | null;
}

export const STRATEGIES = ["longest_idle", "fewest_calls", "hunt", "ring_all"] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface Queue {
  id: string;
  name: string;
  strategy: Strategy;
  skills: Record<string, number>;
  priority: number;
  ageing_s: number;
  ring_timeout_s: number;
  wrap_up_s: number;
  max_waiting: number | null;
  max_wait_s: number | null;
  overflow_to: string | null;
  sl_threshold_s: number;
  announce_every_s: number;
  music: string;
  level_relax_after_s: number | null;
  recorded: boolean;
  active: boolean;
}

export interface PublicNumber {
  id: string;
  number: string;
  name: string;
  language: "zh" | "en";
  greeting_prompt: string;
  menu: Record<string, string>;
  queue_id: string;
  menu_timeout_s: number;
  active: boolean;
}

export interface Trunk {
  id: string;
  name: string;
  kind: "peer" | "account";
  host: string;
  port: number;
  username: string;
  register: boolean;
  codecs: string[];
  caller_number: string;
  prefixes: string[];
  active: boolean;
  has_secret: boolean;
}

export interface AuditEntry {
  id: string;
  at: number;
  person_id: string | null;
  person_name: string;
  action: string;
  object_kind: string;
  object_id: string;
  details: Record<string, unknown>;
  ip: string;
}

export interface SystemNode {
  name: string;
  connected: boolean;
  draining: boolean;
  calls: number;
}

export interface SystemInfo {
  version: string;
  nodes: SystemNode[];
  floor: boolean;
  database: boolean;
}

/** What stands in the way of a removal: details of 409 `in_use`. */
export interface Usage {
  kind: string;
  id: string;
  name: string;
}
