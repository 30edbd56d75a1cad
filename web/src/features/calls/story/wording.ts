/** The facts of a call in plain words, in order. Pure but for the words, which `say` looks up. */
import type { StoryFact } from "@/api/types";

import { explainOf, type Explain } from "./explain";

export type Tone = "plain" | "good" | "bad" | "quiet";

export interface Line {
  position: number;
  at: number;
  /** Since the first fact, ms. */
  offsetMs: number;
  text: string;
  tone: Tone;
  /** Of interest to who looks after the lines; hidden until asked for. */
  technical: boolean;
  explain: Explain | null;
}

/** Words of i18n below `calls.story.`; `has` tells whether there are any. */
export interface Words {
  say: (key: string, params?: Record<string, unknown>) => string;
  has: (key: string) => boolean;
}

/** Names of ids; each answers something readable, whatever it is given. */
export interface Names {
  person: (id: string | null) => string;
  queue: (id: string | null) => string;
  reason: (id: string | null) => string;
  disposition: (id: string | null) => string;
  number: (number: string) => string;
  length: (ms: number) => string;
}

interface Told {
  text: string;
  tone?: Tone;
  technical?: boolean;
}

interface Scene {
  fact: StoryFact;
  words: Words;
  names: Names;
  /** Since when a phone rings, by agent. */
  ringsSince: Map<string, number>;
}

type Teller = (scene: Scene) => Told;

const field = (fact: StoryFact, name: string): string => {
  const value = fact.data[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};
const listOf = (fact: StoryFact, name: string): string[] => (Array.isArray(fact.data[name]) ? (fact.data[name] as unknown[]).map(String) : []);

/** A code in words; an unknown one as it is. */
export function codeText(words: Words, group: string, code: string): string {
  if (code === "") return "";
  return words.has(`${group}.${code}`) ? words.say(`${group}.${code}`) : words.say("unknown_code", { code });
}

const plain = (tone: Tone = "plain", technical = false): Teller => ({ fact, words }) => ({ text: words.say(wordOf(fact.type)), tone, technical });
const ofAgent = (tone: Tone = "plain", technical = false): Teller => ({ fact, words, names }) => ({
  text: words.say(wordOf(fact.type), { agent: names.person(fact.agent_id) }),
  tone,
  technical,
});
/** A sentence per value of one field, e.g. `queue_left.abandoned`. */
const byCode = (name: string, tones: Record<string, Tone> = {}): Teller => ({ fact, words, names }) => {
  const code = field(fact, name);
  const key = `${wordOf(fact.type)}.${code}`;
  const params = { agent: names.person(fact.agent_id), queue: names.queue(fact.queue_id), code };
  return { text: words.say(words.has(key) ? key : `${wordOf(fact.type)}.other`, params), tone: tones[code] ?? "plain" };
};
const leg: Teller = ({ fact, words, names }) => ({
  text: words.say(wordOf(fact.type), { leg: field(fact, "leg"), who: fact.agent_id ? names.person(fact.agent_id) : codeText(words, "role", field(fact, "role") || "customer"), cause: codeText(words, "cause", field(fact, "cause")) }),
  tone: "quiet",
  technical: true,
});
/** Facts without a call: they stand in no story, but whoever meets them can read them. */
const ofSystem: Teller = ({ fact, words }) => ({ text: words.say(wordOf(fact.type), { node: field(fact, "node"), legs: field(fact, "legs"), calls: field(fact, "calls"), agents: field(fact, "agents"), queues: field(fact, "queues"), month: field(fact, "month") }), tone: "quiet", technical: true });

export const wordOf = (type: string): string => type.replace(".", "_");

const TELLERS: Record<string, Teller> = {
  "call.arrived": ({ fact, words, names }) => {
    const out = fact.data.direction === "out";
    const params = { caller: names.number(field(fact, "caller")) || words.say("withheld"), called: names.number(field(fact, "called")), name: field(fact, "name"), trunk: field(fact, "trunk"), node: field(fact, "node"), agent: names.person(fact.agent_id) };
    return { text: words.say(out ? "call_arrived.out" : params.name === "" ? "call_arrived.in" : "call_arrived.named", params) };
  },
  "call.refused": byCode("why", { unknown_number: "bad", not_allowed: "bad", draining: "bad" }),
  "call.greeted": plain(),
  "menu.entered": plain(),
  "menu.digit": ({ fact, words }) => ({ text: words.say("menu_digit", { digit: field(fact, "digit") }), tone: "quiet", technical: true }),
  "menu.invalid": ({ fact, words }) => ({ text: words.say(field(fact, "digit") === "" ? "menu_invalid.none" : "menu_invalid.digit", { digit: field(fact, "digit") }) }),
  "menu.chosen": ({ fact, words }) => ({ text: words.say(field(fact, "path") === "" ? "menu_chosen.none" : "menu_chosen.path", { path: field(fact, "path") }) }),
  "leg.started": leg,
  "leg.ringing": leg,
  "leg.answered": leg,
  "leg.ended": leg,
  "call.connected": ofAgent("good"),
  "call.held": ofAgent(),
  "call.resumed": ofAgent(),
  "call.interrupted": ofAgent("bad"),
  "call.restored": ofAgent("good"),
  "call.digits_sent": ({ fact, words, names }) => ({ text: words.say("call_digits_sent", { agent: names.person(fact.agent_id), count: field(fact, "count") }) }),
  "call.dialled": ({ fact, words, names }) => ({ text: words.say("call_dialled", { number: names.number(field(fact, "number")), trunk: field(fact, "trunk") }) }),
  "call.customer_answered": plain("good"),
  "call.node_lost": ({ fact, words }) => ({ text: words.say("call_node_lost", { node: field(fact, "node") }), tone: "bad" }),
  "call.ended": ({ fact, words, names }) => {
    const by = field(fact, "ended_by");
    const normal = ["", "0", "16"].includes(field(fact, "cause"));
    const params = { by: codeText(words, "ended_by", by), agent: names.person(fact.agent_id), phase: codeText(words, "phase", field(fact, "phase")), cause: codeText(words, "cause", field(fact, "cause")) };
    return { text: words.say(normal ? "call_ended.normal" : "call_ended.cause", params), tone: "plain" };
  },
  "callback.opened": byCode("why", { switch_lost: "bad", system_fault: "bad" }),
  "callback.taken": ofAgent(),
  "callback.returned": ofAgent(),
  "callback.done": byCode("result", { reached: "good", called_again: "good" }),
  "callback.dropped": ofAgent("bad"),
  "message.left": plain(),
  "recording.started": plain("quiet"),
  "recording.paused": plain("quiet"),
  "recording.resumed": plain("quiet"),
  "recording.stopped": plain("quiet"),
  "recording.deleted": plain("quiet"),
  "note.saved": ({ fact, words, names }) => {
    const result = names.disposition(field(fact, "disposition_id") || null);
    return { text: words.say(result === "" ? "note_saved.plain" : "note_saved.result", { agent: names.person(fact.agent_id), result }) };
  },
  "queue.entered": ({ fact, words, names }) => ({ text: words.say("queue_entered", { queue: names.queue(fact.queue_id), priority: field(fact, "priority") }) }),
  "queue.announced": ({ fact, words, names }) => {
    const wait = fact.data.expected_wait_s;
    const known = typeof wait === "number";
    return { text: words.say(known ? "queue_announced.wait" : "queue_announced.position", { position: field(fact, "position"), wait: known ? names.length(wait * 1000) : "" }), tone: "quiet" };
  },
  "queue.left": byCode("why", { abandoned: "bad", refused: "bad", answered: "quiet" }),
  "queue.refused": byCode("why", { queue_full: "bad", max_wait: "bad", no_such_queue: "bad" }),
  "offer.made": ({ fact, words, names }) => {
    const explain = explainOf(fact.data.explain);
    const agents = listOf(fact, "agents").map((id) => names.person(id)).join(words.say("and"));
    return { text: words.say("offer_made", { agents, why: explain ? codeText(words, "reason", explain.reason) : "" }) };
  },
  "offer.ringing": ofAgent(),
  "offer.accepted": ofAgent("good"),
  "offer.failed": (scene) => {
    const { fact, words, names, ringsSince } = scene;
    const since = ringsSince.get(fact.agent_id ?? "");
    const told = byCode("why")(scene);
    const lasted = since === undefined ? "" : words.say("after", { length: names.length(fact.at - since) });
    return { text: told.text + lasted, tone: "bad" };
  },
  "offer.cancelled": (scene) => ({ ...byCode("why")(scene), tone: "quiet" }),
  "wrap_up.started": ofAgent("quiet"),
  "wrap_up.ended": ofAgent("quiet"),
  "agent.signed_in": ofAgent("quiet", true),
  "agent.signed_out": (scene) => ({ ...byCode("why")(scene), tone: "quiet" }),
  "agent.state_changed": ({ fact, words, names }) => ({
    text: words.say("agent_state_changed", { agent: names.person(fact.agent_id), state: codeText(words, "state", field(fact, "state")), was: codeText(words, "state", field(fact, "was")), reason: names.reason(field(fact, "reason") || null) }).trim(),
    tone: "quiet",
    technical: true,
  }),
  "phone.changed": ({ fact, words, names }) => ({ text: words.say(fact.data.online === true ? "phone_changed.online" : "phone_changed.offline", { agent: names.person(fact.agent_id) }), tone: "quiet" }),
  "command.failed": ({ fact, words }) => ({ text: words.say("command_failed", { command: field(fact, "command"), status: field(fact, "status"), reason: field(fact, "reason") }), tone: "bad", technical: true }),
  "floor.started": ofSystem,
  "node.connected": ofSystem,
  "node.lost": ofSystem,
  "node.gone": ofSystem,
  "node.draining": (scene) => ({ ...ofSystem(scene), text: scene.words.say(scene.fact.data.draining === true ? "node_draining.on" : "node_draining.off", { node: field(scene.fact, "node"), calls: field(scene.fact, "calls") }) }),
  "configuration.loaded": ofSystem,
  "ledger.dropped": ofSystem,
};

export const TOLD_TYPES: readonly string[] = Object.keys(TELLERS);

export function storyOf(facts: readonly StoryFact[], words: Words, names: Names): Line[] {
  const ringsSince = new Map<string, number>();
  const start = facts[0]?.at ?? 0;
  return facts.map((fact) => {
    if (fact.type === "offer.made") for (const agent of listOf(fact, "agents")) ringsSince.set(agent, fact.at);
    if (fact.type === "offer.ringing" && fact.agent_id) ringsSince.set(fact.agent_id, fact.at);
    const teller = TELLERS[fact.type];
    const told = teller?.({ fact, words, names, ringsSince }) ?? { text: words.say("unknown_fact", { type: fact.type }), technical: true };
    const explain = fact.type === "offer.made" ? explainOf(fact.data.explain) : null;
    return { position: fact.position, at: fact.at, offsetMs: fact.at - start, text: told.text, tone: told.tone ?? "plain", technical: told.technical ?? false, explain };
  });
}
