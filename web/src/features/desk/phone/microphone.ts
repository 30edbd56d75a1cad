/** One microphone stream, opened at the start of work and held: a call need not wait for the device. */
import type { MicrophoneState } from "./machine";

/** Noise suppression and the like can be switched off, for headsets that do it themselves and for measurements. */
const PROCESSING = "hujiao.audio_processing";
const INPUT = "hujiao.audio_input";

export function soundIsProcessed(): boolean {
  return localStorage.getItem(PROCESSING) !== "off";
}

export function setSoundProcessed(on: boolean): void {
  localStorage.setItem(PROCESSING, on ? "on" : "off");
}

export function chosenInput(): string {
  return localStorage.getItem(INPUT) ?? "";
}

export function chooseInput(deviceId: string): void {
  localStorage.setItem(INPUT, deviceId);
}

export type Opened = { stream: MediaStream; state: "open" } | { stream: null; state: Exclude<MicrophoneState, "open" | "unknown" | "asking"> };

/** Asks the browser for the chosen microphone, or any other when that one is gone. */
export async function openMicrophone(): Promise<Opened> {
  // Undefined where the page is not secure, whatever the type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return { stream: null, state: "insecure" };
  const processed = soundIsProcessed();
  const wishes = { echoCancellation: processed, noiseSuppression: processed, autoGainControl: processed };
  const input = chosenInput();
  try {
    const stream = await devices.getUserMedia({ audio: input === "" ? wishes : { ...wishes, deviceId: { ideal: input } } });
    return { stream, state: "open" };
  } catch (error) {
    return { stream: null, state: refusalOf(error) };
  }
}

export function refusalOf(error: unknown): Exclude<MicrophoneState, "open" | "unknown" | "asking"> {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  return "busy";
}
