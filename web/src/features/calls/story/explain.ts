/** Why the router chose: the explain record of an offer, made readable. Pure. */

export interface Candidate {
  agent: string;
  rank: (number | string)[];
  note: string;
}

export interface Explain {
  strategy: string;
  reason: string;
  candidates: Candidate[];
  winners: string[];
  relaxed: boolean;
  at_ms: number;
}

/** What a candidate was compared by. `levels`: sum of his levels in the skills asked, where that counts first. */
export interface Basis {
  levels: number | null;
  idleMs: number | null;
  calls: number | null;
  /** Round robin: whether he was still to come in this round. */
  turn: "to_come" | "had" | null;
}

export function explainOf(value: unknown): Explain | null {
  if (typeof value !== "object" || value === null) return null;
  const { strategy, reason, candidates, winners, relaxed, at_ms } = value as Record<string, unknown>;
  if (typeof strategy !== "string" || !Array.isArray(candidates)) return null;
  return {
    strategy,
    reason: typeof reason === "string" ? reason : "",
    candidates: candidates.flatMap((one: Partial<Candidate>) => (typeof one.agent === "string" ? [{ agent: one.agent, rank: Array.isArray(one.rank) ? one.rank : [], note: one.note ?? "" }] : [])),
    winners: Array.isArray(winners) ? winners.map(String) : [],
    relaxed: relaxed === true,
    at_ms: typeof at_ms === "number" ? at_ms : 0,
  };
}

/** How many numbers a rank of this strategy holds, without the agent's id at its end. */
const PARTS: Record<string, number> = { hunt: 1, longest_idle: 1, ring_all: 1, fewest_calls: 2 };

export function basisOf(candidate: Candidate, explain: Explain): Basis | null {
  const numbers = candidate.rank.filter((part) => typeof part === "number");
  const wanted = PARTS[explain.strategy];
  if (wanted === undefined || numbers.length < wanted) return null;
  const levels = numbers.length > wanted ? -(numbers[0] ?? 0) : null;
  const [first = 0, second = 0] = numbers.slice(numbers.length - wanted);
  const idle = (since: number) => Math.max(0, explain.at_ms - since);
  switch (explain.strategy) {
    case "hunt":
      return { levels, idleMs: null, calls: null, turn: first === 0 ? "to_come" : "had" };
    case "fewest_calls":
      return { levels, idleMs: idle(second), calls: first, turn: null };
    default:
      return { levels, idleMs: idle(first), calls: null, turn: null };
  }
}
