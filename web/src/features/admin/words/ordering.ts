/** The order of a short list that people arrange. Pure. */

/** The list with the item at `from` put to `to`; places outside leave it as it is. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  if (from < 0 || from >= next.length || to < 0 || to >= next.length) return next;
  const [item] = next.splice(from, 1);
  if (item !== undefined) next.splice(to, 0, item);
  return next;
}

/** Which items need another number, counted by tens so that one may be put between later. */
export function renumbered<T extends { id: string; order: number }>(list: readonly T[]): { id: string; order: number }[] {
  return list.map((item, at) => ({ id: item.id, order: (at + 1) * 10, was: item.order })).filter((item) => item.order !== item.was).map(({ id, order }) => ({ id, order }));
}

export const inOrder = <T extends { order: number; name: string }>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => a.order - b.order || a.name.localeCompare(b.name, "zh-CN"));
