import { useI18n } from "vue-i18n";

import { useQueueNames } from "@/features/admin/catalogues";

import type { Alarm } from "./alarms";

/** An alarm as a sentence. */
export function useAlarmText() {
  const { t } = useI18n();
  const { names } = useQueueNames();
  return (alarm: Alarm): string => {
    const what = alarm.kind === "part_away" ? t(`board.alarms.part.${alarm.what}`) : alarm.what;
    return t(`board.alarms.${alarm.kind}_text`, { what, queue: names.value.get(alarm.queueId ?? "") ?? "" });
  };
}
