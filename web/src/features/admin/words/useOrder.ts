/** Stores a new order: only what moved is sent; meanwhile the list shows it already. */
import { useQueryClient } from "@tanstack/vue-query";
import { ref } from "vue";

import { api } from "@/api/client";
import { useErrorText } from "@/api/useErrorText";

import { listKey } from "../catalogues";
import { moved, renumbered } from "./ordering";

export function useOrder<T extends { id: string; order: number }>(path: string) {
  const client = useQueryClient();
  const { sayError } = useErrorText();
  const busy = ref(false);

  async function move(items: readonly T[], from: number, to: number): Promise<void> {
    const next = moved(items, from, to);
    const changes = renumbered(next);
    if (busy.value || changes.length === 0) return;
    busy.value = true;
    client.setQueryData(listKey(path), next.map((item, at) => ({ ...item, order: (at + 1) * 10 })));
    try {
      for (const { id, order } of changes) await api.patch(`${path}/${id}`, { order });
    } catch (error) {
      sayError(error);
    } finally {
      await Promise.all([client.invalidateQueries({ queryKey: listKey(path) }), client.invalidateQueries({ queryKey: [path.slice(1)] })]);
      busy.value = false;
    }
  }

  return { busy, move };
}
