/** Everything the board shows, put in order once for all its parts. */
import { useQuery } from "@tanstack/vue-query";
import { computed, ref, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

import { api } from "@/api/client";
import { useTeams } from "@/features/admin/catalogues";
import { serverNow, useNow } from "@/lib/time";
import { useLive } from "@/live/useLive";

import { alarmsOf, sameAlarms, type Alarm } from "./alarms";
import { callInScope, filterOf, queryOf, type BoardFilter } from "./filter";
import { countsOf, groupsOf, liveOf, placesOf, queuesOf, waitingOf } from "./floor";
import { useHealth } from "./useHealth";
import { useNodes } from "./useNodes";

export interface QueueDay {
  queue_id: string;
  offered: number;
  answered: number;
  abandoned: number;
  answered_within: number;
  threshold_s: number;
  service_level: number | null;
  asa_ms: number | null;
  longest_wait_ms: number | null;
}

export interface AgentDay {
  agent_id: string;
  answered: number;
  dialled?: number;
  missed: number;
  talk_ms: number;
  wrap_up_ms: number;
}

export interface Today {
  since: number;
  queues: QueueDay[];
  agents: AgentDay[];
}

const TODAY_EVERY_MS = 5_000;

export function useToday() {
  return useQuery({
    queryKey: ["board", "today"],
    queryFn: ({ signal }) => api.get<Today>("/board/today", {}, signal),
    refetchInterval: TODAY_EVERY_MS,
  });
}

export function useBoardFilter() {
  const route = useRoute();
  const router = useRouter();
  const filter = computed(() => filterOf(route.query));
  const change = (part: Partial<BoardFilter>) => {
    void router.replace({ query: queryOf({ ...filter.value, ...part }, route.query) });
  };
  return { filter, change };
}

export function useBoard() {
  const { agents, calls, queues, connected, floorUp, ready } = useLive();
  const { byId: teams } = useTeams();
  const { filter, change } = useBoardFilter();
  const today = useToday();
  const { partsAway } = useHealth();
  const { nodeFaults, draining } = useNodes();
  const now = useNow();

  const thresholds = computed(() => new Map((today.data.value?.queues ?? []).map((queue) => [queue.queue_id, queue.threshold_s])));
  const floorAwaySince = ref<number | null>(null);
  watch([floorUp, connected], ([up, on]) => {
    // Without a connection nothing is known about the floor: the bar above says so.
    if (!on) return;
    floorAwaySince.value = up ? null : (floorAwaySince.value ?? serverNow());
  }, { immediate: true });

  const tiles = computed(() => queuesOf(queues.values(), calls.values(), filter.value));
  const alarms = computed<Alarm[]>((before) => {
    const next = alarmsOf({
      agents: agents.values(),
      calls: calls.values(),
      queues: tiles.value,
      agentsById: agents,
      thresholds: thresholds.value,
      filter: filter.value,
      floorAwaySince: floorAwaySince.value,
      partsAway: partsAway.value,
      nodeFaults: nodeFaults.value,
      now: now.value,
    });
    return before && sameAlarms(before, next) ? before : next;
  });

  const inScope = computed(() => [...calls.values()].filter((call) => callInScope(call, filter.value, agents)));
  return {
    filter,
    change,
    ready,
    today,
    thresholds,
    alarms,
    draining,
    groups: computed(() => groupsOf(agents.values(), teams.value, filter.value)),
    counts: computed(() => countsOf(agents.values(), filter.value)),
    waiting: computed(() => waitingOf(inScope.value)),
    /** Of all callers, also those that the filter hides. */
    places: computed(() => placesOf(calls.values())),
    live: computed(() => liveOf(inScope.value)),
    queues: tiles,
  };
}
