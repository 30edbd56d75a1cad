/** A path of our own from the address bar; null for anything that leads elsewhere. */
export function localPath(value: unknown): string | null {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : null;
}
