/** Names of everything administrated, by id: a trail full of ids tells nobody anything. */
import { computed } from "vue";

import type { Disposition, NotReadyReason } from "@/api/types";

import { useList, useQueueNames } from "../catalogues";
import type { Person, PublicNumber, Skill, Team, Trunk } from "../types";

export function useIdNames() {
  const { names: queues } = useQueueNames();
  const lists = [
    useList<Person>("/people"),
    useList<Team>("/teams"),
    useList<Skill>("/skills"),
    useList<Trunk>("/trunks"),
    useList<NotReadyReason>("/reasons"),
    useList<Disposition>("/dispositions"),
    useList<PublicNumber>("/numbers"),
  ];
  const names = computed(() => {
    const found = new Map(queues.value);
    for (const list of lists) for (const item of list.data.value ?? []) found.set(item.id, item.name);
    return found;
  });
  return { nameOf: (id: string) => names.value.get(id) };
}
