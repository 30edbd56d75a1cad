import { useI18n } from "vue-i18n";

import { ApiError } from "@/api/client";

/** What is wrong with which field, as sentences: of 422 `invalid_input` and 409 `taken`. */
export function useFaults() {
  const { t, te } = useI18n();

  function sentence(code: string): string {
    const key = [`admin.fault.${code}`, `errors.field.${code}`].find((one) => te(one));
    return t(key ?? "errors.field.invalid");
  }

  function faultsOf(error: unknown): Record<string, string> {
    if (!(error instanceof ApiError)) return {};
    if (error.id === "taken" && typeof error.details.field === "string") return { [error.details.field]: t("errors.field.taken") };
    if (error.id !== "invalid_input") return {};
    const fields = (error.details.fields ?? {}) as Record<string, string>;
    return Object.fromEntries(Object.entries(fields).map(([path, code]) => [path, sentence(code)]));
  }

  return { faultsOf };
}

/** The sentence for a field or for anything inside it: a list's fault stands at `prefixes.2`. */
export function faultAt(faults: Record<string, string>, path: string): string {
  if (faults[path]) return faults[path];
  const inside = Object.keys(faults).find((one) => one.startsWith(`${path}.`));
  return inside === undefined ? "" : (faults[inside] ?? "");
}
