/** Lets a browser test measure what is really heard, instead of believing "connected". Reads only. */
import type { PhoneState } from "./machine";
import type { MediaCounters } from "./port";

export interface PhoneTestHooks {
  state: () => PhoneState;
  /** Root mean square of the far end's audio, 0..1. */
  rms: () => number;
  counters: () => Promise<MediaCounters | null>;
}

declare global {
  interface Window {
    __hujiao_phone?: PhoneTestHooks;
  }
}

export function offerTestHooks(hooks: PhoneTestHooks): void {
  window.__hujiao_phone = hooks;
}

export function withdrawTestHooks(): void {
  delete window.__hujiao_phone;
}
