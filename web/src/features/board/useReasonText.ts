import { useI18n } from "vue-i18n";

import { useReasons } from "@/features/desk/useReasons";
import { useName } from "@/i18n/useName";

/** Why somebody is not ready: a reason that he chose, or one that the system gives. */
export function useReasonText() {
  const { t, te } = useI18n();
  const nameOf = useName();
  const { all } = useReasons();
  return (id: string | null | undefined): string => {
    if (!id) return "";
    const chosen = all.value.find((reason) => reason.id === id);
    if (chosen) return nameOf(chosen);
    return te(`board.reason.${id}`) ? t(`board.reason.${id}`) : "";
  };
}
