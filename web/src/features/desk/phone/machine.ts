/** The state of the softphone as a pure function of what happened to it. */
import type { IncomingCall, LineState } from "./port";

/**
 * unknown: not asked yet · asking: the browser's question stands open · open: we have it · refused: the person or the
 * browser's settings say no · none: no device · insecure: the page is not secure, so the browser gives none ·
 * busy: the device exists but cannot be read.
 */
export type MicrophoneState = "unknown" | "asking" | "open" | "refused" | "none" | "insecure" | "busy";

export interface PhoneCall extends IncomingCall {
  phase: "ringing" | "answering" | "up";
}

export interface PhoneState {
  line: LineState;
  lineCause: string | null;
  microphone: MicrophoneState;
  call: PhoneCall | null;
  muted: boolean;
  /** The call that was ended by hand here: it is not to answer itself again. */
  endedByHand: string | null;
}

export type PhoneEvent =
  | { is: "line"; state: LineState; cause: string | null }
  | { is: "microphone"; state: MicrophoneState }
  | { is: "incoming"; call: IncomingCall }
  | { is: "answering"; leg: string }
  | { is: "up"; leg: string }
  | { is: "ended"; leg: string }
  | { is: "ended_by_hand"; leg: string }
  | { is: "mute"; on: boolean };

export const INITIAL: PhoneState = {
  line: "off",
  lineCause: null,
  microphone: "unknown",
  call: null,
  muted: false,
  endedByHand: null,
};

export function step(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.is) {
    case "line":
      return { ...state, line: event.state, lineCause: event.cause };
    case "microphone":
      return { ...state, microphone: event.state };
    case "incoming":
      return { ...state, call: { ...event.call, phase: "ringing" }, muted: false };
    case "mute":
      return { ...state, muted: event.on && state.call !== null };
    default:
      return ofLeg(state, event);
  }
}

function ofLeg(state: PhoneState, event: Extract<PhoneEvent, { leg: string }>): PhoneState {
  const call = state.call;
  // Word of a leg that was replaced meanwhile.
  if (call?.leg !== event.leg) return state;
  switch (event.is) {
    case "answering":
      return { ...state, call: { ...call, phase: "answering" } };
    case "up":
      return { ...state, call: { ...call, phase: "up" } };
    case "ended_by_hand":
      return { ...state, endedByHand: call.callId };
    case "ended":
      return { ...state, call: null, muted: false };
  }
}

/**
 * What to do with a new incoming call: `take` it, `replace` the present leg by it (the switch puts the same call to us
 * again after losing us), or tell the switch that we are `busy`.
 */
export function reception(state: PhoneState, incoming: IncomingCall): "take" | "replace" | "busy" {
  if (state.call === null) return "take";
  return state.call.callId !== null && state.call.callId === incoming.callId ? "replace" : "busy";
}

/**
 * Whether the ringing call may be answered without a hand: the switch asks for it, the microphone is open and the floor
 * itself says that it connects us (`expected`). Else any caller able to set a header could open the microphone.
 */
export function answersItself(state: PhoneState, expected: (callId: string | null) => boolean): boolean {
  const call = state.call;
  if (call?.phase !== "ringing" || !call.answersItself || state.microphone !== "open") return false;
  if (call.callId !== null && call.callId === state.endedByHand) return false;
  return expected(call.callId);
}

/** The phone can be called while any of its lines can; what is wrong with one shows when none can. */
export function wholeLine(lines: readonly LineState[]): LineState {
  return (["online", "refused", "lost", "connecting"] as const).find((state) => lines.includes(state)) ?? "off";
}

/** What keeps this phone from being called, worst first; null when nothing does. */
export type Hindrance = "microphone_refused" | "microphone_none" | "microphone_insecure" | "microphone_busy" | "line_lost" | "line_refused";

export function hindrance(state: PhoneState): Hindrance | null {
  switch (state.microphone) {
    case "refused":
      return "microphone_refused";
    case "none":
      return "microphone_none";
    case "insecure":
      return "microphone_insecure";
    case "busy":
      return "microphone_busy";
  }
  if (state.line === "refused") return "line_refused";
  return state.line === "lost" ? "line_lost" : null;
}
