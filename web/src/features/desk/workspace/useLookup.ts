import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { api } from "@/api/client";
import type { CustomerLookup } from "@/api/types";

const FRESH_MS = 30_000;

/** Who has this number, and the last contacts with it. */
export function useLookup(number: () => string) {
  return useQuery({
    queryKey: ["lookup", computed(number)],
    queryFn: ({ signal }) => api.get<CustomerLookup>("/customers/lookup", { number: number() }, signal),
    enabled: computed(() => number() !== ""),
    staleTime: FRESH_MS,
  });
}
