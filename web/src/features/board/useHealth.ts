/** Whether the parts of the platform are there. Asked of /healthz, which says so to everybody. */
import { useQuery } from "@tanstack/vue-query";
import { ref, watch } from "vue";

import { serverNow } from "@/lib/time";

import { knownSince } from "./since";

const EVERY_MS = 10_000;

export interface Health {
  status: "ok" | "down";
  parts: Record<string, boolean>;
}

/** What is away besides the floor, whose absence has its own alarm: the live connection tells it faster. */
export function awayParts(answer: Health | null | undefined): string[] {
  const parts = answer?.parts ?? {};
  // Nobody can tell of the switch while the floor is away.
  return Object.keys(parts).filter((name) => !parts[name] && name !== "floor" && (name !== "switch" || parts.floor));
}

async function health(signal: AbortSignal): Promise<Health | null> {
  const response = await fetch("/healthz", { signal, headers: { accept: "application/json" } });
  try {
    return (await response.json()) as Health;
  } catch {
    return null;
  }
}

export function useHealth() {
  const query = useQuery({ queryKey: ["healthz"], queryFn: ({ signal }) => health(signal), refetchInterval: EVERY_MS, retry: false });
  const partsAway = ref(new Map<string, number>());
  watch(query.data, (answer) => {
    partsAway.value = knownSince(awayParts(answer), partsAway.value, serverNow());
  });
  return { query, partsAway };
}
