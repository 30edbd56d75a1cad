import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { api } from "@/api/client";
import type { Disposition, NotReadyReason, Page } from "@/api/types";

const FRESH_MS = 5 * 60_000;

const inOrder = (a: { order: number; name: string }, b: { order: number; name: string }) =>
  a.order - b.order || a.name.localeCompare(b.name);

/** Why an agent may be not ready; `all` also names those no longer in use. */
export function useReasons() {
  const query = useQuery({
    queryKey: ["reasons"],
    queryFn: () => api.get<Page<NotReadyReason>>("/reasons", { limit: 200 }),
    staleTime: FRESH_MS,
  });
  const all = computed(() => [...(query.data.value?.items ?? [])].sort(inOrder));
  return { query, all, active: computed(() => all.value.filter((one) => one.active)) };
}

/** What a contact may have come to. */
export function useDispositions() {
  const query = useQuery({
    queryKey: ["dispositions"],
    queryFn: () => api.get<Page<Disposition>>("/dispositions", { limit: 200 }),
    staleTime: FRESH_MS,
  });
  const all = computed(() => [...(query.data.value?.items ?? [])].sort(inOrder));
  return { query, all, active: computed(() => all.value.filter((one) => one.active)) };
}
