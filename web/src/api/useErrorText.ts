import { ElMessage } from "element-plus";
import { useI18n } from "vue-i18n";

import { ApiError } from "./client";

/** Puts refusals into the reader's words. */
export function useErrorText() {
  const { t, te } = useI18n();

  /** The sentence for an error; field codes of 422 are listed by `fieldErrors`. */
  function errorText(error: unknown): string {
    if (!(error instanceof ApiError)) return t("errors.unexpected");
    // Some ids mean different things for the session (401) and for the floor (409).
    const keys = [`errors.${error.status}_${error.id}`, `errors.${error.id}`];
    const key = keys.find((one) => te(one) || te(one, "zh-CN"));
    return key ? t(key, error.details) : t("errors.other", { id: error.id });
  }

  /** Field path -> sentence, of a 422 `invalid_input`; empty for every other error. */
  function fieldErrors(error: unknown): Record<string, string> {
    if (!(error instanceof ApiError) || error.id !== "invalid_input") return {};
    const fields = (error.details.fields ?? {}) as Record<string, string>;
    return Object.fromEntries(
      Object.entries(fields).map(([path, code]) => {
        const key = `errors.field.${code}`;
        return [path, te(key) || te(key, "zh-CN") ? t(key) : t("errors.field.invalid")];
      }),
    );
  }

  /** Says the error in a passing message; for refusals of an action whose place on the screen is gone. */
  function sayError(error: unknown): void {
    ElMessage.error({ message: errorText(error), grouping: true, duration: 5000, showClose: true });
  }

  return { errorText, fieldErrors, sayError };
}
