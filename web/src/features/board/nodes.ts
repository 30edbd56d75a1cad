/** What the nodes of the switch tell a leader. Pure. */
import type { SystemNode } from "@/features/admin/types";

/** One node is away and nobody took it out of use, or every node that is there refuses new calls. */
export type NodeFault = `away ${string}` | "all_draining";

/** What somebody must act on. That all nodes are away is told by the health of the switch already. */
export function nodeFaults(nodes: readonly SystemNode[]): NodeFault[] {
  const there = nodes.filter((node) => node.connected);
  if (there.length === 0) return [];
  const away = nodes.filter((node) => !node.connected && !node.draining).map((node): NodeFault => `away ${node.name}`);
  return there.every((node) => node.draining) ? ["all_draining", ...away] : away;
}

/** Taken out of use on purpose, as before maintenance: worth knowing, nothing to act on. */
export function drainingOf(nodes: readonly SystemNode[]): SystemNode[] {
  return nodes.filter((node) => node.draining);
}

/** The key of the sentence about a draining node. */
export function drainingWord({ connected, calls }: SystemNode): "busy" | "empty" | "away" {
  if (!connected) return "away";
  return calls > 0 ? "busy" : "empty";
}
