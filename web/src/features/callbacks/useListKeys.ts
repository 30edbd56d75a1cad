/** Arrows move through the list, Esc closes what is beside it; not while somebody writes or chooses elsewhere. */
import { onBeforeUnmount, onMounted } from "vue";

const ELSEWHERE = "input, textarea, select, [contenteditable], .el-select, .el-radio-group, [role=dialog], .player, nav";

export function useListKeys(keys: { move: (step: 1 | -1) => void; close: () => void }): void {
  function press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest(ELSEWHERE) || document.querySelector(".el-overlay:not([style*='display: none'])")) return;
    if (event.key === "Escape") keys.close();
    else if (event.key === "ArrowDown") keys.move(1);
    else if (event.key === "ArrowUp") keys.move(-1);
    else return;
    event.preventDefault();
  }
  onMounted(() => document.addEventListener("keydown", press));
  onBeforeUnmount(() => document.removeEventListener("keydown", press));
}
