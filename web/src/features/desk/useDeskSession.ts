/** Being at work: this tab holds the phone, the phone is on line, the floor knows us as signed in. */
import { computed, ref, watch } from "vue";

import { api, ApiError } from "@/api/client";
import type { CallPhase, PhoneCredentials } from "@/api/types";
import { useSession } from "@/features/session/store";
import { onLive, useLive } from "@/live/useLive";

import { holdDesk, tabId } from "./phone/tab";
import { usePhone } from "./phone/usePhone";

/**
 * starting · on · hindered: the microphone is shut · elsewhere: another tab or machine is the desk · off: signed out by
 * oneself or a supervisor · failed: see `problem`.
 */
export type DeskStatus = "starting" | "on" | "hindered" | "elsewhere" | "off" | "failed";

const STAYS_OFF = "hujiao.desk_off";
const LINE_WITHIN_MS = 10_000;
/** Phases in which the floor connects an agent's phone without his hand. */
const CONNECTING: ReadonlySet<CallPhase> = new Set(["dialing", "talking", "hold", "reconnecting"]);

const status = ref<DeskStatus>("off");
const problem = ref<unknown>(null);
let release: (() => void) | null = null;
let round = 0;
let stopListening: (() => void) | null = null;

const live = useLive();
const phone = usePhone();

function me(): string {
  return useSession().me?.person.id ?? "";
}

function hasBrowserPhone(): boolean {
  return useSession().me?.agent?.phone_kind === "browser";
}

/** Whether the floor is connecting us with this call just now (null: with any). Reactive. */
function expected(callId: string | null): boolean {
  for (const call of live.calls.values()) {
    if ((callId === null || call.id === callId) && call.agent_id === me() && CONNECTING.has(call.phase)) return true;
  }
  return false;
}

/** Whether the floor has no such call (any more). Reactive. */
function isOver(callId: string | null): boolean {
  return callId !== null && live.floorUp.value && (live.calls.get(callId)?.phase ?? "ended") === "ended";
}

/** Signs in here; `steal` takes the desk from the tab or machine that has it. */
async function start(steal = false): Promise<void> {
  const mine = ++round;
  status.value = "starting";
  problem.value = null;
  sessionStorage.removeItem(STAYS_OFF);
  try {
    if (release === null && !(await takeTab(steal))) return;
    if (hasBrowserPhone() && !(await phone.ensureMicrophone())) {
      status.value = "hindered";
      return;
    }
    if (mine !== round) return;
    if (hasBrowserPhone()) await connectPhone();
    await api.post("/desk/sign-in", { tab: tabId });
    if (mine === round) status.value = "on";
  } catch (error) {
    if (mine !== round) return;
    problem.value = error;
    status.value = "failed";
  }
}

async function takeTab(steal: boolean): Promise<boolean> {
  release = await holdDesk(steal, takenOver);
  if (release === null) status.value = "elsewhere";
  return release !== null;
}

async function connectPhone(): Promise<void> {
  if (phone.state.value.line === "online") return;
  phone.start(await api.post<PhoneCredentials>("/desk/phone", { tab: tabId }), expected);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => done(new ApiError(0, "phone_offline", "the phone does not come on line")), LINE_WITHIN_MS);
    const stop = watch(phone.state, (now) => {
      if (now.line === "online") done(null);
      if (now.line === "refused") done(new ApiError(0, "phone_refused", "the switch refuses the phone"));
    });
    function done(error: ApiError | null) {
      clearTimeout(timer);
      stop();
      if (error === null) resolve();
      else reject(error);
    }
  });
}

function leaveTab(next: DeskStatus): void {
  round += 1;
  phone.stop();
  release?.();
  release = null;
  status.value = next;
}

function takenOver(): void {
  if (release === null) return;
  leaveTab("elsewhere");
}

/** Signs out of the floor and gives the phone back. */
async function signOff(): Promise<void> {
  await api.post("/desk/sign-out");
  sessionStorage.setItem(STAYS_OFF, "1");
  leaveTab("off");
}

/** Begins with the page. Signs in by itself, unless the person had signed out in this tab. */
function open(): void {
  stopListening ??= listen();
  if (status.value !== "off") return;
  if (sessionStorage.getItem(STAYS_OFF) === null) void start();
}

function listen(): () => void {
  const offs = [
    onLive((message) => {
      if (message.t === "taken_over" && message.tab === tabId) takenOver();
    }),
    useSession().beforeSignOut(() => (status.value === "on" ? signOff() : Promise.resolve())),
    watch(() => live.agents.get(me())?.state, (now, was) => {
      if (now === "offline" && was !== undefined) signedOut();
    }),
    // Call control is back: what failed for want of it is tried again.
    watch([live.floorUp, live.connected], ([up, connected]) => {
      if (up && connected && status.value === "failed") void start();
    }),
    // A node of the switch has died with our call: nobody will tell the phone.
    watch(() => isOver(phone.state.value.call?.callId ?? null), (over) => over && phone.endIfNotCarried()),
    // The switch forgot our password, e.g. after it was changed: ask for the present one.
    watch(() => phone.state.value.line, (line) => {
      if (line === "refused" && status.value === "on") void start();
    }),
  ];
  return () => offs.forEach((off) => off());
}

/** By a leader, or from elsewhere. */
function signedOut(): void {
  if (status.value !== "on") return;
  sessionStorage.setItem(STAYS_OFF, "1");
  leaveTab("off");
}

/** Ends with the page: the phone goes, the sign-in at the floor stays as it is. */
function close(): void {
  stopListening?.();
  stopListening = null;
  leaveTab("off");
}

export function useDeskSession() {
  return {
    status: computed(() => status.value),
    problem: computed(() => problem.value),
    hasBrowserPhone: computed(hasBrowserPhone),
    open,
    close,
    start,
    signOff,
  };
}
