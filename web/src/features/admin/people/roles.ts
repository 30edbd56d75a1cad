/** Ranks of roles, as the server keeps them: who edits people stays above them. */
import type { Role } from "@/api/types";

const RANK: Record<Role, number> = { agent: 1, team_leader: 2, shift_leader: 3, quality: 3, supervisor: 4, manager: 5, admin: 6 };

export const ROLES = Object.keys(RANK) as Role[];
/** Roles whose people may have a phone and a desk. */
export const DESK_ROLES: readonly Role[] = ["agent", "team_leader", "shift_leader", "supervisor", "admin"];

export function mayEdit(editor: Role | undefined, role: Role): boolean {
  return editor === "admin" || (editor !== undefined && RANK[role] < RANK[editor]);
}

/** The number after the highest extension in use; 1001 in an empty house. */
export function nextExtension(used: Iterable<string>): string {
  let highest = 1000;
  for (const extension of used) if (/^[1-9]\d{2,5}$/.test(extension)) highest = Math.max(highest, Number(extension));
  return String(highest + 1);
}
