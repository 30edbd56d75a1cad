/** What the desk asks of a telephone in the browser, and what it is told. No word of a SIP library passes this line. */
import type { PhoneCredentials } from "@/api/types";

/** off: not wanted · connecting: first try · online: can be called · lost: will come back by itself · refused: it will not. */
export type LineState = "off" | "connecting" | "online" | "lost" | "refused";

export interface IncomingCall {
  /** Of this leg; a call that is put to us again has a new one. */
  leg: string;
  /** The floor's call id, when the switch names it. */
  callId: string | null;
  /** The switch asks for an answer without a hand. To be honoured only when the call is expected. */
  answersItself: boolean;
}

export interface PhoneEvents {
  line: (state: LineState, cause: string | null) => void;
  incoming: (call: IncomingCall) => void;
  up: (leg: string) => void;
  ended: (leg: string, cause: string) => void;
  remoteAudio: (leg: string, stream: MediaStream) => void;
}

/** Counters since the start of a leg. */
export interface MediaCounters {
  received: number;
  lost: number;
  jitterS: number;
  /** Share of our packets that the other side missed, 0..1; null before the first report. */
  lostThere: number | null;
  roundTripS: number | null;
}

export interface Phone {
  start(credentials: PhoneCredentials): void;
  /** Ends calls, signs off, closes the line. */
  stop(): void;
  answer(leg: string, microphone: MediaStream): void;
  /** Refuses a ringing leg or ends one that is up. */
  end(leg: string): void;
  /** Whether the node of this leg is heard: the end of a leg whose node is away would not be told. */
  isOnLine(leg: string): boolean;
  mute(leg: string, on: boolean): void;
  /** Sends tones to whom we talk with. */
  sendDigits(leg: string, digits: string): void;
  /** Speaks through another microphone from now on. */
  useMicrophone(leg: string, microphone: MediaStream): Promise<void>;
  counters(leg: string): Promise<MediaCounters | null>;
}
