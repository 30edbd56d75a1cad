/**
 * The words of the screens. Common words stand in src/i18n/<language>.json; a feature's own words in
 * src/features/<feature>/i18n/<language>.json and are read as `<feature>.<key>`.
 */
import { createI18n } from "vue-i18n";

import type { Locale } from "@/api/types";

import { merged } from "./merge";

type Words = Record<string, unknown>;

const common = import.meta.glob<Words>("./*.json", { eager: true, import: "default" });
const features = import.meta.glob<Words>("../features/*/i18n/*.json", { eager: true, import: "default" });

export const LOCALES: readonly Locale[] = ["zh-CN", "en"];
const STORED = "hujiao.locale";

function initial(): Locale {
  const stored = localStorage.getItem(STORED);
  return stored === "en" || stored === "zh-CN" ? stored : "zh-CN";
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: "zh-CN",
  messages: merged({ ...common, ...features }) as Record<Locale, Record<string, string>>,
});

/** Changes the language of all screens at once and remembers it in this browser. */
export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale;
  localStorage.setItem(STORED, locale);
  document.documentElement.lang = locale;
}

document.documentElement.lang = i18n.global.locale.value;
