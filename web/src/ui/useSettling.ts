/** A moment in which buttons that have just taken the place of others do not take the second half of a double click. */
import { onScopeDispose, ref, watch } from "vue";

/** Longer than the two halves of a double click are apart, shorter than a decision takes. */
export const SETTLE_MS = 500;

/** True for `SETTLE_MS` after `shown` has changed. */
export function useSettling(shown: () => unknown) {
  const settling = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(shown, () => {
    settling.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => (settling.value = false), SETTLE_MS);
  });
  onScopeDispose(() => clearTimeout(timer));
  return settling;
}
