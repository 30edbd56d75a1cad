import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { api } from "@/api/client";
import type { Customer } from "@/api/types";

import type { Draft } from "./drafts";
import { useLookup } from "./useLookup";

const FRESH_MS = 30_000;

/** Whose contact this is: the one chosen by hand, else the only one who has the number. */
export function useCustomer(contact: () => Draft | null) {
  const lookup = useLookup(() => contact()?.number ?? "");
  const candidates = computed(() => lookup.data.value?.customers ?? []);
  const chosenId = computed(() => contact()?.customerId ?? null);
  const isCandidate = computed(() => candidates.value.some((one) => one.id === chosenId.value));

  // Chosen by search: not among those who have the number.
  const other = useQuery({
    queryKey: ["customers", "one", chosenId],
    queryFn: ({ signal }) => api.get<Customer>(`/customers/${chosenId.value}`, {}, signal),
    enabled: computed(() => chosenId.value !== null && !isCandidate.value && !lookup.isPending.value),
    staleTime: FRESH_MS,
  });

  const customer = computed<Customer | undefined>(() => {
    if (chosenId.value === null) return candidates.value.length === 1 ? candidates.value[0] : undefined;
    return candidates.value.find((one) => one.id === chosenId.value) ?? other.data.value;
  });
  return { lookup, candidates, customer };
}
