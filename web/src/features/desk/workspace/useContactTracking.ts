import { useQueryClient } from "@tanstack/vue-query";
import { onScopeDispose, watch } from "vue";
import { useRouter } from "vue-router";

import { useSession } from "@/features/session/store";

import { useCurrentCall } from "../useCurrentCall";
import { belongTo, callCame, callIsOurs, callWent, flush } from "./store";

/** Follows the calls of this agent on every page, so that each has its place on the desk. */
export function useContactTracking(): void {
  const session = useSession();
  const router = useRouter();
  const client = useQueryClient();
  const { call, myId } = useCurrentCall();
  belongTo(session.me?.person.id ?? "");

  watch(
    call,
    (now, was) => {
      if (was && was.id !== now?.id) {
        callWent(was.id);
        void client.invalidateQueries({ queryKey: ["calls"] });
      }
      if (!now) return;
      if (was?.id !== now.id) callCame(now);
      if (now.agent_id === myId.value && callIsOurs(now.id)) {
        // He answered or dialled: the customer is what he wants to see.
        if (router.currentRoute.value.name !== "desk") void router.push("/desk");
      }
      if (was?.id === now.id && was.phase !== now.phase) {
        void client.invalidateQueries({ queryKey: ["story", now.id] });
        if (now.phase === "ended") void client.invalidateQueries({ queryKey: ["calls"] });
      }
    },
    { immediate: true },
  );

  window.addEventListener("pagehide", flush);
  onScopeDispose(() => window.removeEventListener("pagehide", flush));
}
