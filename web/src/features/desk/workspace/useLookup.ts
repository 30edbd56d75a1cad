import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";
import { useI18n } from "vue-i18n";

import { api } from "@/api/client";
import type { CustomerLookup } from "@/api/types";

const FRESH_MS = 30_000;

/** Who has this number, where it is from (in the language of the screens), and the last contacts with it. */
export function useLookup(number: () => string) {
  const { locale } = useI18n();
  const language = computed(() => (locale.value === "en" ? "en" : "zh"));
  return useQuery({
    queryKey: ["lookup", computed(number), language],
    queryFn: ({ signal }) => api.get<CustomerLookup>("/customers/lookup", { number: number(), language: language.value }, signal),
    enabled: computed(() => number() !== ""),
    staleTime: FRESH_MS,
  });
}
