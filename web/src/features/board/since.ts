/** Since when each of these is known; what was known before keeps its time. */
export function knownSince<T>(names: readonly T[], before: ReadonlyMap<T, number>, now: number): Map<T, number> {
  return new Map(names.map((name) => [name, before.get(name) ?? now]));
}
