/** The one softphone of this tab: line, microphone, sound and the state that the screens show. */
import { computed, effectScope, ref, shallowRef, watch, type EffectScope } from "vue";

import type { PhoneCredentials } from "@/api/types";

import { JsSipPhone } from "./jssip";
import { answersItself, hindrance, INITIAL, reception, step, type PhoneEvent, type PhoneState } from "./machine";
import { openMicrophone } from "./microphone";
import type { IncomingCall, MediaCounters, Phone } from "./port";
import { quality as judge, type Quality } from "./quality";
import { Sound } from "./sound";
import { offerTestHooks, withdrawTestHooks } from "./testHooks";

const QUALITY_EVERY_MS = 2000;
/** A call that ought to answer itself rings after this time, if the floor has not said that it is ours. */
const RING_ANYWAY_MS = 2500;

const state = shallowRef<PhoneState>(INITIAL);
const quality = ref<Quality | null>(null);
const audioBlocked = ref(false);

let phone: Phone | null = null;
let sound: Sound | null = null;
let stream: MediaStream | null = null;
let counters: MediaCounters | null = null;
let scope: EffectScope | null = null;
let looking: ReturnType<typeof setInterval> | undefined;
let ringLater: ReturnType<typeof setTimeout> | undefined;

function happen(event: PhoneEvent): void {
  const was = state.value;
  const now = step(was, event);
  if (now === was) return;
  state.value = now;
  if (now.call?.leg !== was.call?.leg || now.call?.phase !== was.call?.phase) callChanged(now);
  if (now.muted !== was.muted && now.call !== null) phone?.mute(now.call.leg, now.muted);
  for (const track of stream?.getAudioTracks() ?? []) track.enabled = !now.muted;
}

function callChanged(now: PhoneState): void {
  clearTimeout(ringLater);
  clearInterval(looking);
  if (now.call?.phase !== "ringing") sound?.stopRing();
  else if (now.call.answersItself) ringLater = setTimeout(() => sound?.startRing(), RING_ANYWAY_MS);
  else sound?.startRing();
  if (now.call === null) sound?.stopRemote();
  if (now.call?.phase !== "up") {
    quality.value = null;
    counters = null;
    return;
  }
  const leg = now.call.leg;
  looking = setInterval(() => void look(leg), QUALITY_EVERY_MS);
}

async function look(leg: string): Promise<void> {
  const now = await phone?.counters(leg);
  if (!now || state.value.call?.leg !== leg) return;
  if (counters !== null) quality.value = judge(counters, now);
  counters = now;
}

function take(incoming: IncomingCall): void {
  const replaced = state.value.call?.leg;
  happen({ is: "incoming", call: incoming });
  if (replaced !== undefined) phone?.end(replaced);
}

/** Asks for the microphone if we do not have it; true when it is open. */
async function ensureMicrophone(): Promise<boolean> {
  if (stream?.getAudioTracks().some((track) => track.readyState === "live")) return true;
  happen({ is: "microphone", state: "asking" });
  const opened = await openMicrophone();
  takeMicrophone(opened.stream);
  happen({ is: "microphone", state: opened.state });
  return opened.stream !== null;
}

function takeMicrophone(fresh: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
  stream = fresh;
  sound?.measureMicrophone(fresh);
  for (const track of fresh?.getAudioTracks() ?? []) {
    track.enabled = !state.value.muted;
    // The headset was pulled out: any other device is better than silence.
    track.onended = () => void changeMicrophone();
  }
}

/** Takes up a newly chosen microphone, also in the middle of a call. */
async function changeMicrophone(): Promise<void> {
  takeMicrophone(null);
  if (!(await ensureMicrophone()) || stream === null) return;
  const leg = state.value.call?.leg;
  if (leg !== undefined) await phone?.useMicrophone(leg, stream);
}

/**
 * Signs on with the credentials. `expected` says (reactively) whether the floor is connecting us with that call just now.
 */
function start(credentials: PhoneCredentials, expected: (callId: string | null) => boolean): void {
  stopLine();
  sound ??= new Sound((is) => (audioBlocked.value = is));
  sound.measureMicrophone(stream);
  phone = new JsSipPhone(
    {
      line: (line, cause) => happen({ is: "line", state: line, cause }),
      incoming: take,
      up: (leg) => happen({ is: "up", leg }),
      ended: (leg) => happen({ is: "ended", leg }),
      remoteAudio: (leg, remote) => {
        if (state.value.call?.leg === leg) sound?.playRemote(remote);
      },
    },
    ({ callId }) => reception(state.value, { leg: "", callId, answersItself: false }) !== "busy" || !isCarried(),
  );
  scope = effectScope(true);
  scope.run(() => {
    watch(() => answersItself(state.value, expected), (yes) => yes && void answer(), { flush: "sync" });
  });
  window.addEventListener("pagehide", leave);
  offerTestHooks({ state: () => state.value, rms: () => sound?.remoteRms() ?? 0, counters: async () => (state.value.call && phone?.counters(state.value.call.leg)) ?? null });
  phone.start(credentials);
}

// Without a BYE the switch would keep the dead leg for half a minute. The floor calls back as soon as the page is there again.
function leave(): void {
  phone?.stop();
}

function stopLine(): void {
  window.removeEventListener("pagehide", leave);
  scope?.stop();
  scope = null;
  phone?.stop();
  phone = null;
}

/** Signs off and gives the microphone back. */
function stop(): void {
  stopLine();
  clearInterval(looking);
  clearTimeout(ringLater);
  takeMicrophone(null);
  sound?.close();
  sound = null;
  withdrawTestHooks();
  state.value = INITIAL;
}

/** Answers the ringing call; false when there is none or the microphone stays shut. */
async function answer(): Promise<boolean> {
  const call = state.value.call;
  if (call?.phase !== "ringing") return false;
  if (!(await ensureMicrophone()) || stream === null) return false;
  // The caller may have given up while the browser asked.
  if (state.value.call?.leg !== call.leg || state.value.call.phase !== "ringing") return false;
  happen({ is: "answering", leg: call.leg });
  phone?.answer(call.leg, stream);
  return true;
}

/** Ends the leg at this end only, for when the floor cannot be asked to. */
function endHere(): void {
  const leg = state.value.call?.leg;
  if (leg === undefined) return;
  happen({ is: "ended_by_hand", leg });
  phone?.end(leg);
}

/** Whether the present leg's node is heard. A new call while it is not means that the floor has given that node up. */
function isCarried(): boolean {
  const leg = state.value.call?.leg;
  return leg === undefined || (phone?.isOnLine(leg) ?? false);
}

/** The floor has no such call any more. Ends the leg of a node that cannot say so itself. */
function endIfNotCarried(): void {
  if (!isCarried()) endHere();
}

function sendDigitsHere(digits: string): void {
  const call = state.value.call;
  if (call?.phase === "up") phone?.sendDigits(call.leg, digits);
}

export function usePhone() {
  return {
    state: computed(() => state.value),
    hindrance: computed(() => hindrance(state.value)),
    quality: computed(() => quality.value),
    audioBlocked: computed(() => audioBlocked.value),
    start,
    stop,
    answer,
    endHere,
    endIfNotCarried,
    sendDigitsHere,
    ensureMicrophone,
    changeMicrophone,
    mute: (on: boolean) => happen({ is: "mute", on }),
    unblockAudio: () => sound?.unblock(),
    useOutput: (deviceId: string) => sound?.useOutput(deviceId),
    microphoneLevel: () => (state.value.muted ? 0 : (sound?.microphoneRms() ?? 0)),
  };
}
