/** Contacts of this agent that are not finished, with what was written so far. Kept in the browser, so a reload loses nothing. */
import type { CallItem, Direction, LiveCall } from "@/api/types";

export interface Draft {
  callId: string;
  number: string;
  direction: Direction;
  arrivedAt: number;
  text: string;
  dispositionId: string | null;
  customerId: string | null;
  /** What is written here and not yet at the server. */
  dirty: boolean;
  /** We had this call; else it was only put to us, and the draft goes with the offer. */
  mine: boolean;
  changedAt: number;
}

const STORED = "hujiao.drafts";
const KEPT_MS = 7 * 86_400_000;
const KEPT = 200;

/** Drafts of a person, newest first; what is too old or too much is dropped. */
export function pruned(drafts: Draft[], now: number): Draft[] {
  return drafts
    .filter((one) => now - one.changedAt < KEPT_MS)
    .sort((a, b) => b.arrivedAt - a.arrivedAt)
    .slice(0, KEPT);
}

export function loadDrafts(personId: string, now = Date.now()): Draft[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(`${STORED}.${personId}`) ?? "[]");
    return Array.isArray(stored) ? pruned(stored as Draft[], now) : [];
  } catch {
    // Written by another version or by hand: what the server has is there still.
    return [];
  }
}

export function storeDrafts(personId: string, drafts: Draft[]): void {
  localStorage.setItem(`${STORED}.${personId}`, JSON.stringify(drafts));
}

export function draftOfCall(call: LiveCall, now = Date.now()): Draft {
  return {
    callId: call.id,
    number: call.customer_number,
    direction: call.direction,
    arrivedAt: call.arrived_at,
    text: "",
    dispositionId: null,
    customerId: null,
    dirty: false,
    mine: false,
    changedAt: now,
  };
}

export function draftOfItem(item: CallItem, now = Date.now()): Draft {
  return {
    callId: item.id,
    number: item.customer_number,
    direction: item.direction,
    arrivedAt: item.arrived_at,
    text: item.note ?? "",
    dispositionId: item.disposition_id,
    customerId: item.customer?.id ?? null,
    dirty: false,
    mine: true,
    changedAt: now,
  };
}
