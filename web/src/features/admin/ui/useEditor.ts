/** A form in a drawer: what is being changed, whether it was, what the server says to it. */
import { useQueryClient } from "@tanstack/vue-query";
import { ElMessage } from "element-plus";
import { computed, ref, shallowRef, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import { api } from "@/api/client";
import { useErrorText } from "@/api/useErrorText";

import { useFaults } from "./useFaults";

export interface EditorOptions<T extends { id: string }, D> {
  path: string;
  /** A new thing as the form begins it. */
  blank: () => D;
  draftOf: (item: T) => D;
  /** What is sent; by default the draft as it is. */
  bodyOf?: (draft: D, item: T | null) => unknown;
  saved?: (answer: T & Record<string, unknown>, item: T | null) => void;
}

/** A thing as a form changes it. */
export function withoutId<T extends { id: string }>(item: T): Omit<T, "id"> {
  const rest: Partial<T> = { ...item };
  delete rest.id;
  return rest as Omit<T, "id">;
}

const copy = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V;

export function useEditor<T extends { id: string }, D extends object>(options: EditorOptions<T, D>) {
  const { t } = useI18n();
  const { errorText } = useErrorText();
  const { faultsOf } = useFaults();
  const client = useQueryClient();

  const open = ref(false);
  const item = shallowRef<T | null>(null);
  const draft = ref(options.blank()) as Ref<D>;
  const before = ref("");
  const busy = ref(false);
  const problem = ref("");
  const faults = ref<Record<string, string>>({});
  const dirty = computed(() => open.value && JSON.stringify(draft.value) !== before.value);

  /** Opens the form for a thing, or for a new one. */
  function begin(existing: T | null): void {
    item.value = existing;
    draft.value = copy(existing ? options.draftOf(existing) : options.blank());
    before.value = JSON.stringify(draft.value);
    problem.value = "";
    faults.value = {};
    open.value = true;
  }

  function close(): void {
    open.value = false;
  }

  async function save(): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    problem.value = "";
    faults.value = {};
    try {
      const body = options.bodyOf ? options.bodyOf(draft.value, item.value) : draft.value;
      const existing = item.value;
      const answer = existing ? await api.patch<T>(`${options.path}/${existing.id}`, body) : await api.post<T>(options.path, body);
      open.value = false;
      ElMessage.success(t("common.saved"));
      options.saved?.(answer as T & Record<string, unknown>, existing);
      await refresh();
    } catch (error) {
      faults.value = faultsOf(error);
      problem.value = errorText(error);
    } finally {
      busy.value = false;
    }
  }

  /** Names of what was changed stand on many pages: every list is asked for anew. */
  async function refresh(): Promise<void> {
    const name = options.path.slice(1);
    await Promise.all(["list", name, "system"].map((key) => client.invalidateQueries({ queryKey: [key] })));
  }

  return { open, item, draft, dirty, busy, problem, faults, begin, close, save, refresh };
}

export type Editor = Pick<ReturnType<typeof useEditor>, "dirty" | "busy" | "problem" | "faults">;
