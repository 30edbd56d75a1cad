/** The keys of the desk. One list for the listener, the words on the buttons and the help. */
import { onScopeDispose } from "vue";

/** `code` is the place of the key, so that it works with every input method; `shown` stands on the button. */
export interface Shortcut {
  id: string;
  code: string;
  alt: boolean;
  shown: string;
}

const alt = (id: string, letter: string): Shortcut => ({ id, code: `Key${letter}`, alt: true, shown: letter });

export const SHORTCUTS: readonly Shortcut[] = [
  { id: "answer", code: "F2", alt: false, shown: "F2" },
  alt("reject", "J"),
  alt("hang_up", "X"),
  alt("hold", "H"),
  alt("mute", "M"),
  alt("keypad", "K"),
  alt("recording", "P"),
  alt("number", "N"),
  alt("ready", "R"),
  alt("not_ready", "B"),
  alt("note", "T"),
  alt("save", "S"),
  { id: "help", code: "F1", alt: false, shown: "F1" },
];

/** The whole combination in words, e.g. for hints. */
export function combination(id: string): string {
  const found = SHORTCUTS.find((one) => one.id === id);
  return found ? `${found.alt ? "Alt+" : ""}${found.shown}` : "";
}

export function shownKey(id: string): string {
  return SHORTCUTS.find((one) => one.id === id)?.shown ?? "";
}

type KeyPress = Pick<KeyboardEvent, "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "repeat">;

/** The shortcut of a key press, or null. AltGr, which types characters, comes with ctrl and is none. */
export function shortcutOf(press: KeyPress): string | null {
  if (press.repeat || press.ctrlKey || press.metaKey || press.shiftKey) return null;
  return SHORTCUTS.find((one) => one.code === press.code && one.alt === press.altKey)?.id ?? null;
}

const handlers = new Map<string, () => unknown>();
let listening = false;

function listen(event: KeyboardEvent): void {
  const id = shortcutOf(event);
  const handler = id === null ? undefined : handlers.get(id);
  if (handler === undefined) return;
  event.preventDefault();
  handler();
}

/** Binds keys while the component lives; a later binding of the same key wins. */
export function useShortcuts(bound: Record<string, () => unknown>): void {
  if (!listening) {
    window.addEventListener("keydown", listen);
    listening = true;
  }
  for (const [id, handler] of Object.entries(bound)) handlers.set(id, handler);
  onScopeDispose(() => {
    for (const [id, handler] of Object.entries(bound)) if (handlers.get(id) === handler) handlers.delete(id);
  });
}
