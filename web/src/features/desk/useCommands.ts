/** What an agent may do with state and calls: one function per button and key. */
import { computed, reactive } from "vue";

import { api, ApiError } from "@/api/client";
import { useErrorText } from "@/api/useErrorText";

import { usePhone } from "./phone/usePhone";
import { useCurrentCall } from "./useCurrentCall";
import { useDeskSession } from "./useDeskSession";

const busy = reactive(new Set<string>());

/** The floor or the way to it is away; what the phone can do alone it does. */
function floorIsAway(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 503);
}

export function useCommands() {
  const { sayError } = useErrorText();
  const { call, connected, offered } = useCurrentCall();
  const phone = usePhone();
  const desk = useDeskSession();

  /** Runs one action at a time per name; errors are said. True when it succeeded. */
  async function run(name: string, action: () => Promise<unknown>, alone?: () => void): Promise<boolean> {
    if (busy.has(name)) return false;
    busy.add(name);
    try {
      await action();
      return true;
    } catch (error) {
      if (alone && floorIsAway(error)) alone();
      // What is gone has already left the screen.
      else if (!(error instanceof ApiError && error.id === "call_gone")) sayError(error);
      return false;
    } finally {
      busy.delete(name);
    }
  }

  const onCall = (verb: string, alone?: () => void, body?: unknown) => {
    const id = call.value?.id;
    if (id === undefined) return Promise.resolve(false);
    return run(verb, () => api.post(`/desk/calls/${encodeURIComponent(id)}/${verb}`, body), alone);
  };

  return {
    busy,
    ready: () => run("state", () => api.post("/desk/state", { state: "ready" })),
    notReady: (reasonId: string | null) => run("state", () => api.post("/desk/state", { state: "not_ready", reason_id: reasonId })),
    signOff: () => run("sign-out", () => desk.signOff()),
    dial: (number: string) => run("dial", () => api.post("/desk/dial", { number })),
    canAnswer: computed(() => phone.state.value.call?.phase === "ringing"),
    answer: () => phone.answer(),
    reject: () => (offered.value ? onCall("reject", phone.endHere) : Promise.resolve(false)),
    hangUp: () => onCall("hangup", phone.endHere),
    toggleHold: () => {
      if (!connected.value) return Promise.resolve(false);
      return onCall(call.value?.phase === "hold" ? "resume" : "hold");
    },
    toggleMute: () => phone.mute(!phone.state.value.muted),
    toggleRecording: () => {
      if (call.value?.recording === "on") return onCall("record-pause");
      if (call.value?.recording === "paused") return onCall("record-resume");
      return Promise.resolve(false);
    },
    sendDigits: (digits: string) => onCall("digits", () => phone.sendDigitsHere(digits), { digits }),
    wrapUpDone: (callId: string) => run("wrap-up-done", () => api.post(`/desk/calls/${encodeURIComponent(callId)}/wrap-up-done`)),
  };
}
