/** Callbacks of the server, renewed while somebody looks. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/vue-query";
import { computed, type Ref } from "vue";

import { api } from "@/api/client";
import type { Page } from "@/api/types";

import { apiQueryOf, type CallbacksFilter } from "./filter";
import type { Callback, CallbackCounts, CallbackDetail, CallbackResult } from "./types";

const PAGE = 50;
const LIVE_MS = 5_000;
const BADGE_MS = 10_000;

export function useCallbackList(filter: Ref<CallbacksFilter>) {
  return useInfiniteQuery({
    queryKey: computed(() => ["callbacks", "list", filter.value]),
    queryFn: ({ pageParam, signal }) => api.get<Page<Callback>>("/callbacks", { ...apiQueryOf(filter.value), limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_MS,
  });
}

export const useCallbackCounts = (every = BADGE_MS) =>
  useQuery({ queryKey: ["callbacks", "counts"], queryFn: ({ signal }) => api.get<CallbackCounts>("/callbacks/counts", {}, signal), refetchInterval: every, retry: false });

export const useCallback = (id: Ref<string>) =>
  useQuery({ queryKey: computed(() => ["callbacks", "one", id.value]), queryFn: ({ signal }) => api.get<CallbackDetail>(`/callbacks/${id.value}`, {}, signal), refetchInterval: LIVE_MS, retry: false });

/** What is done with one; everything shown of callbacks follows. */
export function useCallbackWork() {
  const client = useQueryClient();
  const send = async (id: string, verb: string, body?: unknown): Promise<Callback> => {
    try {
      return await api.post<Callback>(`/callbacks/${id}/${verb}`, body);
    } finally {
      // A refusal, too, says that something has changed.
      await client.invalidateQueries({ queryKey: ["callbacks"] });
    }
  };
  return {
    take: (id: string) => send(id, "take"),
    giveBack: (id: string) => send(id, "give-back"),
    finish: (id: string, result: CallbackResult, note: string) => send(id, "done", { result, note }),
    drop: (id: string, reason: string) => send(id, "drop", { reason }),
  };
}
