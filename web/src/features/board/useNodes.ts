/** The nodes of the switch, for who may see the configuration. */
import { useQuery } from "@tanstack/vue-query";
import { computed, ref, watch } from "vue";

import { api } from "@/api/client";
import type { SystemInfo } from "@/features/admin/types";
import { useSession } from "@/features/session/store";
import { serverNow } from "@/lib/time";

import { drainingOf, nodeFaults, type NodeFault } from "./nodes";
import { knownSince } from "./since";

const EVERY_MS = 10_000;

export function useNodes() {
  const session = useSession();
  const query = useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => api.get<SystemInfo>("/system", {}, signal),
    enabled: computed(() => session.may("config.see")),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  const nodes = computed(() => query.data.value?.nodes ?? []);
  const faults = ref(new Map<NodeFault, number>());
  watch(nodes, (told) => (faults.value = knownSince(nodeFaults(told), faults.value, serverNow())), { immediate: true });
  return { nodeFaults: faults, draining: computed(() => drainingOf(nodes.value)) };
}
