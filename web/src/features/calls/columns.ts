/** Which columns the list shows; remembered in this browser. */
import { ref, watch } from "vue";

export const COLUMNS = ["time", "direction", "number", "customer", "queue", "agent", "wait", "talk", "hold", "wrap_up", "result", "disposition", "note", "recording"] as const;
export type Column = (typeof COLUMNS)[number];

const ALWAYS: readonly Column[] = ["time", "number"];
const USUAL: readonly Column[] = ["time", "direction", "number", "customer", "queue", "agent", "wait", "talk", "result", "disposition", "recording"];
const STORED = "hujiao.calls.columns";

/** The remembered choice; the usual columns when there is none or it cannot be read. */
export function columnsOf(stored: string | null): Column[] {
  try {
    const wanted: unknown = JSON.parse(stored ?? "null");
    if (Array.isArray(wanted)) return COLUMNS.filter((column) => ALWAYS.includes(column) || wanted.includes(column));
  } catch {
    // Something else wrote there: as if nothing had been chosen.
  }
  return [...USUAL];
}

const chosen = ref<Column[]>(columnsOf(localStorage.getItem(STORED)));
watch(chosen, (columns) => localStorage.setItem(STORED, JSON.stringify(columns)), { deep: true });

export function useColumns() {
  return { chosen, all: COLUMNS, fixed: (column: Column) => ALWAYS.includes(column), reset: () => (chosen.value = [...USUAL]) };
}
