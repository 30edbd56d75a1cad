import { useQueryClient } from "@tanstack/vue-query";
import { computed } from "vue";

import { useCommands } from "../useCommands";
import { useCurrentCall } from "../useCurrentCall";
import * as store from "./store";

/** The contact on the screen and what may be done with it. */
export function useWorkspace() {
  const client = useQueryClient();
  const commands = useCommands();
  const { call, agent } = useCurrentCall();
  const { contact } = store;
  const isCurrent = computed(() => contact.value !== null && call.value?.id === contact.value.callId);
  const isLive = computed(() => isCurrent.value && call.value?.phase !== "ended");

  /** Saves for good and ends the wrap-up if it is that of this contact. Throws ApiError. */
  async function finish(): Promise<void> {
    const wrapsUp = isCurrent.value && agent.value?.state === "wrap_up";
    const callId = await store.finish();
    if (callId === null) return;
    if (wrapsUp) await commands.wrapUpDone(callId);
    await Promise.all(["calls", "lookup"].map((key) => client.invalidateQueries({ queryKey: [key] })));
  }

  return { ...store, isCurrent, isLive, finish };
}
