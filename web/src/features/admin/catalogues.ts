/** Names that several pages need: teams, queues. Each is asked for once and kept. */
import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { api, type Query } from "@/api/client";
import type { Page } from "@/api/types";
import { useSession } from "@/features/session/store";

import type { PublicNumber, Queue, Team } from "./types";

const FRESH_MS = 60_000;
const PAGE = 500;
const MAX_PAGES = 40;

/** All pages of a small list. */
export async function allOf<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: Page<T> = await api.get<Page<T>>(path, { ...query, limit: PAGE, cursor }, signal);
    items.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === null) break;
  }
  return items;
}

/** The key under which a list is cached; what changes it forgets it. */
export const listKey = (path: string) => ["list", path];

function useAll<T>(path: string, allowed: () => boolean) {
  return useQuery({
    queryKey: listKey(path),
    queryFn: ({ signal }) => allOf<T>(path, {}, signal),
    staleTime: FRESH_MS,
    enabled: computed(allowed),
  });
}

export function useTeams() {
  const session = useSession();
  const query = useAll<Team>("/teams", () => session.mayAny(["config.see", "board.see"]));
  const teams = computed(() => query.data.value ?? []);
  return { query, teams, byId: computed(() => new Map(teams.value.map((team) => [team.id, team]))) };
}

export function useNumbers() {
  const session = useSession();
  return useAll<PublicNumber>("/numbers", () => session.may("config.see"));
}

/** Names of all queues by id, removed ones too, for old calls; `options` are those that calls may go to now. */
export function useQueueNames() {
  const query = useQuery({
    queryKey: [...listKey("/queues"), "removed too"],
    queryFn: ({ signal }) => allOf<Queue>("/queues", { removed_too: true }, signal),
    staleTime: FRESH_MS,
  });
  const living = useAll<Queue>("/queues", () => true);
  const names = computed(() => new Map((query.data.value ?? living.data.value ?? []).map((queue) => [queue.id, queue.name])));
  const options = computed(() => [...(living.data.value ?? [])].sort((a, b) => a.name.localeCompare(b.name, "zh-CN")));
  return { names, options };
}

/** A list that administration shows in full. */
export const useList = <T>(path: string) => useAll<T>(path, () => true);
