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
let owner = "";
let timer: ReturnType<typeof setTimeout> | undefined;

export const saveState = ref<SaveState>("clean");
export const savedAt = ref<number | null>(null);
export const contact = computed(() => (shownId.value === null ? null : (drafts.get(shownId.value) ?? null)));
export const unfinished = computed(() =>
  [...drafts.values()].filter((one) => one.mine).sort((a, b) => b.arrivedAt - a.arrivedAt),
);

/** Takes up what this person left in this browser. */
export function belongTo(personId: string): void {
  if (owner === personId) return;
  clearTimeout(timer);
  owner = personId;
  drafts.clear();
  shownId.value = null;
  for (const one of loadDrafts(personId)) drafts.set(one.callId, one);
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

async function autosave(draft: Draft): Promise<void> {
  if (!draft.dirty) return;
  saveState.value = "saving";
  try {
    await send(draft);
    saveState.value = draft.dirty ? "dirty" : "clean";
    savedAt.value = Date.now();
    if (draft.dirty) later(draft, SEND_AFTER_MS);
  } catch (error) {
    saveState.value = "failed";
    // A call that has just come may not have reached the list of calls; the network may be back soon.
    const passing = !(error instanceof ApiError) || error.status === 0 || error.status === 404 || error.status >= 500;
    if (passing) later(draft, SEND_AGAIN_MS);
  }
}

function later(draft: Draft, ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void autosave(draft), ms);
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
  drafts.delete(callId);
  if (shownId.value === callId) shownId.value = null;
  keep();
}

export function write(change: Written): void {
  const draft = contact.value;
  if (draft === null) return;
  Object.assign(draft, change, { dirty: true, changedAt: Date.now() });
  saveState.value = "dirty";
  keep();
  later(draft, SEND_AFTER_MS);
}

/** Brings a contact of the past to the screen. */
export function open(item: CallItem): void {
  if (!drafts.has(item.id)) drafts.set(item.id, draftOfItem(item));
  show(item.id);
}

export function show(callId: string): void {
  flush();
  shownId.value = callId;
  saveState.value = contact.value?.dirty ? "dirty" : "clean";
  savedAt.value = null;
}

/** Sends what waits to be sent, now. */
export function flush(): void {
  clearTimeout(timer);
  if (contact.value?.dirty) void autosave(contact.value);
}

/** Saves the shown contact for good and takes it off the desk; answers its call id. Throws ApiError. */
export async function finish(): Promise<string | null> {
  const draft = contact.value;
  if (draft === null) return null;
  clearTimeout(timer);
  saveState.value = "saving";
  try {
    await send(draft);
  } catch (error) {
    saveState.value = "failed";
    throw error;
  }
  saveState.value = "clean";
  drop(draft.callId);
  return draft.callId;
}
