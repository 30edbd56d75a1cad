/** Agents to choose from: those on the floor for who sees it, else people found by name. */
import { computed, ref } from "vue";

import { api } from "@/api/client";
import type { Page } from "@/api/types";
import type { Person } from "@/features/admin/types";
import { useSession } from "@/features/session/store";
import { useLive } from "@/live/useLive";

const SHOWN = 50;

interface Option {
  id: string;
  label: string;
}

export function useAgentNames(chosen: () => string | null) {
  const session = useSession();
  const { agents } = useLive();
  const found = ref<Option[]>([]);
  const loading = ref(false);
  let latest = 0;

  function onFloor(text: string): Option[] {
    const wanted = text.trim().toLowerCase();
    return [...agents.values()]
      .map((agent) => ({ id: agent.id, label: `${agent.name} ${agent.extension}` }))
      .filter((one) => one.label.toLowerCase().includes(wanted))
      .sort((a, b) => a.label.localeCompare(b.label, "zh-CN"))
      .slice(0, SHOWN);
  }

  async function load(text: string): Promise<void> {
    if (!session.mayAny(["config.see", "people.edit"])) {
      found.value = onFloor(text);
      return;
    }
    latest += 1;
    const mine = latest;
    loading.value = true;
    try {
      const page = await api.get<Page<Person>>("/people", { q: text.trim(), limit: SHOWN });
      if (mine !== latest) return;
      found.value = page.items.filter((person) => person.agent).map((person) => ({ id: person.id, label: `${person.name} ${person.agent?.extension ?? ""}` }));
    } catch {
      found.value = onFloor(text);
    } finally {
      if (mine === latest) loading.value = false;
    }
  }

  const options = computed(() => {
    const id = chosen();
    if (id === null || found.value.some((one) => one.id === id)) return found.value;
    const agent = agents.get(id);
    return [...found.value, { id, label: agent ? `${agent.name} ${agent.extension}` : id.slice(-6) }];
  });
  return { options, load, loading };
}
