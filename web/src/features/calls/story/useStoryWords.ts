/** The story's words and names in the reader's language. */
import { computed, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import { useReasonText } from "@/features/board/useReasonText";
import { useDispositions } from "@/features/desk/useReasons";
import { useName } from "@/i18n/useName";
import { phoneText } from "@/lib/phoneText";
import { clockText } from "@/lib/time";
import { useLive } from "@/live/useLive";

import type { Story } from "../types";
import type { Names, Words } from "./wording";

export function useStoryWords(story: Ref<Story | undefined>) {
  const { t, te } = useI18n();
  const nameOf = useName();
  const reason = useReasonText();
  const { all: dispositions } = useDispositions();
  const { agents } = useLive();

  const words: Words = { say: (key, params = {}) => t(`calls.story.${key}`, params), has: (key) => te(`calls.story.${key}`) };

  function person(id: string | null): string {
    if (id === null || id === "") return "";
    const name = story.value?.people?.[id] ?? agents.get(id)?.name ?? t("calls.story.somebody");
    const extension = agents.get(id)?.extension;
    return extension ? `${name} (${extension})` : name;
  }

  const names = computed<Names>(() => ({
    person,
    queue: (id) => (id === null ? "" : (story.value?.queues?.[id] ?? t("calls.removed"))),
    reason,
    disposition: (id) => nameOf(dispositions.value.find((one) => one.id === id)),
    number: phoneText,
    length: (ms) => (ms < 60_000 ? t("calls.story.seconds", { n: Math.round(ms / 1000) }) : clockText(ms)),
  }));
  return { words, names, person };
}
