import type { CallItem, StoryFact } from "@/api/types";

export interface CallLeg {
  leg: string;
  role: "customer" | "agent" | string;
  agent_id: string | null;
  started_at: number | null;
  answered_at: number | null;
  ended_at: number | null;
  cause: number | null;
}

export interface CallDetail extends Omit<CallItem, "cause"> {
  cause: number | string | null;
  caller_name: string;
  trunk: string;
  node: string;
  menu_path: string;
  legs: CallLeg[];
  recording: { id: string; state: "pending" | "merging" | "ready" | "failed" | "deleted"; duration_ms: number | null } | null;
}

/** `people` and `queues` name every id that the facts mention. */
export interface Story {
  facts: StoryFact[];
  people: Record<string, string>;
  queues: Record<string, string>;
}

export interface Peaks {
  duration_ms: number;
  /** The customer, 0 to 1. */
  left: number[];
  /** The agent. */
  right: number[];
}
