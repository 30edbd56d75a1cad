/** The call that this agent has now, as the floor tells it. */
import { computed } from "vue";

import type { LiveAgent, LiveCall } from "@/api/types";
import { useSession } from "@/features/session/store";
import { useLive } from "@/live/useLive";

/** The call of an agent: the one his state names, else one that is his or put to him. */
export function callOf(agentId: string, agent: LiveAgent | undefined, calls: ReadonlyMap<string, LiveCall>): LiveCall | null {
  const named = agent?.call_id == null ? undefined : calls.get(agent.call_id);
  if (named) return named;
  let ended: LiveCall | null = null;
  for (const call of calls.values()) {
    if (call.agent_id !== agentId && !call.offered.includes(agentId)) continue;
    if (call.phase !== "ended") return call;
    ended = call;
  }
  return ended;
}

export function useCurrentCall() {
  const live = useLive();
  const session = useSession();
  const myId = computed(() => session.me?.person.id ?? "");
  const agent = computed(() => live.agents.get(myId.value) ?? null);
  const call = computed(() => callOf(myId.value, agent.value ?? undefined, live.calls));
  /** Put to us and not answered yet. */
  const offered = computed(() => call.value !== null && call.value.phase === "ringing" && call.value.offered.includes(myId.value));
  const connected = computed(() => call.value?.agent_id === myId.value && (call.value.phase === "talking" || call.value.phase === "hold"));
  const over = computed(() => call.value?.phase === "ended");
  return { myId, agent, call, offered, connected, over };
}
