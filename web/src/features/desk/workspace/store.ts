/** The contacts on this agent's desk: which is shown, what is written, what of it the server has. */
import { computed, reactive, ref } from "vue";

import { api, ApiError } from "@/api/client";
import type { CallItem, LiveCall } from "@/api/types";

import { draftOfCall, draftOfItem, loadDrafts, storeDrafts, type Draft } from "./drafts";

/** clean: as at the server · dirty: will be sent · saving · failed: kept here, will be sent later. */
export type SaveState = "clean" | "dirty" | "saving" | "failed";
export type Written = Partial<Pick<Draft, "text" | "dispositionId" | "customerId">>;

const SEND_AFTER_MS = 1200;
const SEND_AGAIN_MS = 6000;

const drafts = reactive(new Map<string, Draft>());
const shownId = ref<string | null>(null);
const states = reactive(new Map<string, SaveState>());
const timers = new Map<string, ReturnType<typeof setTimeout>>();
let owner = "";

/** Of the contact on the screen. */
export const saveState = computed<SaveState>(() => states.get(shownId.value ?? "") ?? "clean");
export const savedAt = ref<number | null>(null);
export const contact = computed(() => (shownId.value === null ? null : (drafts.get(shownId.value) ?? null)));
export const unfinished = computed(() =>
  [...drafts.values()].filter((one) => one.mine).sort((a, b) => b.arrivedAt - a.arrivedAt),
);

/** Takes up what this person left in this browser, and sends what the server has not got. */
export function belongTo(personId: string): void {
  if (owner === personId) return;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  states.clear();
  drafts.clear();
  owner = personId;
  shownId.value = null;
  for (const one of loadDrafts(personId)) {
    drafts.set(one.callId, one);
    if (one.dirty) later(one.callId, SEND_AFTER_MS);
  }
}

function keep(): void {
  storeDrafts(owner, [...drafts.values()]);
}

async function send(draft: Draft): Promise<void> {
  const sent = { text: draft.text, disposition_id: draft.dispositionId, customer_id: draft.customerId };
  await api.put(`/calls/${encodeURIComponent(draft.callId)}/note`, sent);
  const same = draft.text === sent.text && draft.dispositionId === sent.disposition_id && draft.customerId === sent.customer_id;
  if (same) draft.dirty = false;
  keep();
}

async function autosave(callId: string): Promise<void> {
  const draft = drafts.get(callId);
  if (!draft?.dirty) return;
  states.set(callId, "saving");
  try {
    await send(draft);
    states.set(callId, draft.dirty ? "dirty" : "clean");
    if (callId === shownId.value) savedAt.value = Date.now();
    if (draft.dirty) later(callId, SEND_AFTER_MS);
  } catch (error) {
    states.set(callId, "failed");
    // A call that has just come may not have reached the list of calls; the network may be back soon.
    const passing = !(error instanceof ApiError) || error.status === 0 || error.status === 404 || error.status >= 500;
    if (passing) later(callId, SEND_AGAIN_MS);
  }
}

function later(callId: string, ms: number): void {
  if (states.get(callId) !== "failed") states.set(callId, "dirty");
  clearTimeout(timers.get(callId));
  timers.set(callId, setTimeout(() => void autosave(callId), ms));
}

/** A call is on our line or put to us: it takes the screen, what was open waits with its draft. True when it is new. */
export function callCame(call: LiveCall): boolean {
  const known = drafts.has(call.id);
  if (!known && call.phase === "ended") return false;
  if (!known) drafts.set(call.id, draftOfCall(call));
  if (shownId.value !== call.id) show(call.id);
  keep();
  return !known;
}

/** We have this call now. True the first time. */
export function callIsOurs(callId: string): boolean {
  const draft = drafts.get(callId);
  if (draft === undefined || draft.mine) return false;
  draft.mine = true;
  keep();
  return true;
}

/** The call is no longer on our line: its draft stays only if we had it. */
export function callWent(callId: string): void {
  if (drafts.get(callId)?.mine === false) drop(callId);
}

function drop(callId: string): void {
  clearTimeout(timers.get(callId));
  timers.delete(callId);
  states.delete(callId);
  drafts.delete(callId);
  if (shownId.value === callId) shownId.value = null;
  keep();
}

export function write(change: Written): void {
  const draft = contact.value;
  if (draft === null) return;
  Object.assign(draft, change, { dirty: true, changedAt: Date.now() });
  states.set(draft.callId, "dirty");
  keep();
  later(draft.callId, SEND_AFTER_MS);
}

/** Brings a contact of the past to the screen. */
export function open(item: CallItem): void {
  if (!drafts.has(item.id)) drafts.set(item.id, draftOfItem(item));
  show(item.id);
}

export function show(callId: string): void {
  flush();
  shownId.value = callId;
  savedAt.value = null;
}

/** Sends what waits to be sent, now. */
export function flush(): void {
  if (contact.value?.dirty) void autosave(contact.value.callId);
}

/** Saves the shown contact for good and takes it off the desk; answers its call id. Throws ApiError. */
export async function finish(): Promise<string | null> {
  const draft = contact.value;
  if (draft === null) return null;
  clearTimeout(timers.get(draft.callId));
  states.set(draft.callId, "saving");
  try {
    await send(draft);
  } catch (error) {
    states.set(draft.callId, "failed");
    throw error;
  }
  drop(draft.callId);
  return draft.callId;
}
