import type { LiveCall } from "@/api/types";

/** Q.850 causes that tell an agent something about a call that nobody took. */
const CAUSES: Record<number, string> = {
  1: "unallocated",
  3: "unreachable",
  17: "busy",
  18: "no_answer",
  19: "no_answer",
  20: "switched_off",
  21: "rejected",
  27: "unreachable",
  28: "unallocated",
  34: "no_line",
};

/** How a call ended, as a key below `desk.ended`: the network's word if it was never answered, else who hung up. */
export function endWord(call: Pick<LiveCall, "answered_at" | "direction" | "ended_by" | "cause">): string {
  const cause = call.direction === "out" && call.answered_at === null ? CAUSES[call.cause ?? 0] : undefined;
  return cause ?? call.ended_by ?? "system";
}
