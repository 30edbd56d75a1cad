/** The steps of a call that matter while talking, as keys and values for words. */
import type { StoryFact } from "@/api/types";

export interface StoryLine {
  at: number;
  /** Below `desk.story`. */
  key: string;
  values: Record<string, string | number>;
}

const TOLD: Record<string, string> = {
  "call.arrived": "arrived",
  "menu.chosen": "menu_chosen",
  "queue.entered": "queue_entered",
  "queue.refused": "queue_refused",
  "offer.accepted": "offer_accepted",
  "offer.failed": "offer_failed",
  "call.connected": "connected",
  "call.held": "held",
  "call.resumed": "resumed",
  "call.dialled": "dialled",
  "call.customer_answered": "customer_answered",
  "call.interrupted": "interrupted",
  "call.restored": "restored",
  "recording.paused": "recording_paused",
  "recording.resumed": "recording_resumed",
  "call.ended": "ended",
};

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** Lines in order of time; facts without words here are left out. `queueName` and `agentName` turn ids into names. */
export function storyLines(
  facts: StoryFact[],
  queueName: (id: string) => string,
  agentName: (id: string) => string,
): StoryLine[] {
  return facts.flatMap((fact) => {
    const key = TOLD[fact.type];
    // An outbound call "arrives" when it is made; that it is dialled is said next.
    if (key === undefined || (key === "arrived" && fact.data.direction === "out")) return [];
    const values = {
      queue: fact.queue_id === null ? "" : queueName(fact.queue_id),
      agent: agentName(text(fact.data.agent) || (fact.agent_id ?? "")),
      number: text(fact.data.number) || text(fact.data.called),
      path: text(fact.data.path),
    };
    return [{ at: fact.at, key: variant(fact, key), values }];
  });
}

function variant(fact: StoryFact, key: string): string {
  if (fact.type === "menu.chosen" && text(fact.data.path) === "") return "menu_none";
  if (fact.type !== "call.ended") return key;
  const by = fact.data.ended_by;
  return by === "customer" || by === "agent" ? `ended_by_${by}` : "ended_by_system";
}
