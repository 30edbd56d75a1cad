import { useI18n } from "vue-i18n";

/** Picks the name of a configured thing (reason, result) in the reader's language. */
export function useName() {
  const { locale } = useI18n();
  return (thing: { name: string; name_en?: string | null } | null | undefined): string => {
    if (!thing) return "";
    return locale.value === "en" && thing.name_en ? thing.name_en : thing.name;
  };
}
