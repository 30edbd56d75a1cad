/** Whether the switches are there. Asked of /healthz, which says so to everybody. */
import { useQuery } from "@tanstack/vue-query";
import { ref, watch } from "vue";

import { serverNow } from "@/lib/time";

const EVERY_MS = 10_000;

/** Names of parts that are away, in whatever shape the answer gives them: `{parts: {name: ok}}` or a list of objects. */
export function awayParts(answer: unknown): string[] {
  const parts = (answer as { parts?: unknown } | null)?.parts;
  if (typeof parts !== "object" || parts === null) return [];
  return Object.entries(parts).flatMap(([name, state]) => (isFine(state) ? [] : [name]));
}

function isFine(state: unknown): boolean {
  if (typeof state === "boolean") return state;
  if (typeof state === "string") return ["ok", "up", "true", "connected"].includes(state);
  if (typeof state === "object" && state !== null) {
    const { ok, connected, status } = state as { ok?: boolean; connected?: boolean; status?: string };
    return ok ?? connected ?? status === "ok";
  }
  return true;
}

async function health(signal: AbortSignal): Promise<unknown> {
  const response = await fetch("/healthz", { signal, headers: { accept: "application/json" } });
  try {
    return await response.json();
  } catch {
    return null;
  }
}

export function useHealth() {
  const query = useQuery({ queryKey: ["healthz"], queryFn: ({ signal }) => health(signal), refetchInterval: EVERY_MS, retry: false });
  const switchesAway = ref(new Map<string, number>());
  watch(query.data, (answer) => {
    const before = switchesAway.value;
    // The floor's absence has its own alarm, told faster by the live connection.
    const away = awayParts(answer).filter((name) => name !== "floor");
    switchesAway.value = new Map(away.map((name) => [name, before.get(name) ?? serverNow()]));
  });
  return { query, switchesAway };
}
