import { clockText } from "@/lib/time";

/** A length as m:ss; nothing for none, so that a column shows where something was. */
export function lengthText(ms: number | null | undefined): string {
  return ms === null || ms === undefined || ms <= 0 ? "" : clockText(ms);
}
