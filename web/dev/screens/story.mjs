/** One call with every kind of fact in it. */
import { QUEUES, REASONS, DISPOSITIONS } from "./data.mjs";

export function story(all, start) {
  const [a, b, c] = [all[1], all[2], all[7]];
  const queue = QUEUES[1].id;
  let position = 4000;
  const facts = [];
  const at = (second, type, data = {}, agent = null, queue_id = queue) =>
    facts.push({ position: (position += 1), at: start + second * 1000, type, version: 1, agent_id: agent?.id ?? null, queue_id, data });
  at(0, "call.arrived", { direction: "in", caller: "+8613812345678", caller_name: "", called: "4008001000", trunk: "telecom-a", node: "n1", leg: "n1-story.0", name: "" }, null, null);
  at(0.2, "call.greeted", {}, null, null);
  at(0.3, "menu.entered", {}, null, null);
  at(6, "menu.digit", { digit: "7" }, null, null);
  at(6.1, "menu.invalid", { digit: "7" }, null, null);
  at(12, "menu.invalid", { digit: "" }, null, null);
  at(14, "menu.digit", { digit: "2" }, null, null);
  at(14.1, "menu.chosen", { path: "2" }, null, null);
  at(14.2, "queue.entered", { priority: 10 });
  at(24, "queue.announced", { position: 3, expected_wait_s: 60 });
  at(54, "queue.announced", { position: 1, expected_wait_s: null });
  const candidate = (person, rank, note) => ({ agent: person.id, rank, note });
  at(60, "offer.made", { agents: [a.id], explain: { contact: "n1-story", queue, strategy: "longest_idle", reason: "first_in_order", candidates: [candidate(a, [start - 200000, a.id], "chosen"), candidate(c, [start - 90000, c.id], "behind"), candidate(b, [], "wrap_up"), candidate(all[9], [], "busy"), candidate(all[10], [], "not_ready")], winners: [a.id], order: [-10, start, "n1-story"], relaxed: false, at_ms: start + 60000 } });
  at(60.1, "leg.started", { leg: "n1-story.1", role: "agent" }, a);
  at(60.5, "leg.ringing", { leg: "n1-story.1" }, a);
  at(60.5, "offer.ringing", {}, a);
  at(80.5, "leg.ended", { leg: "n1-story.1", role: "agent", cause: 19 }, a);
  at(80.5, "offer.failed", { why: "timeout" }, a);
  at(81, "offer.made", { agents: [b.id, c.id], explain: { contact: "n1-story", queue, strategy: "ring_all", reason: "best_rank", candidates: [candidate(c, [start - 90000, c.id], "chosen"), candidate(b, [start + 70000, b.id], "chosen"), candidate(a, [start - 200000, a.id], "just_failed")], winners: [c.id, b.id], order: [-10, start, "n1-story"], relaxed: true, at_ms: start + 81000 } });
  at(81.1, "leg.started", { leg: "n1-story.2", role: "agent" }, b);
  at(81.1, "leg.started", { leg: "n1-story.3", role: "agent" }, c);
  at(81.6, "offer.ringing", {}, b);
  at(81.7, "offer.ringing", {}, c);
  at(85, "leg.answered", { leg: "n1-story.2" }, b);
  at(85, "offer.accepted", {}, b);
  at(85, "queue.left", { why: "answered" }, b);
  at(85.1, "offer.cancelled", { why: "answered_elsewhere" }, c);
  at(85.1, "leg.ended", { leg: "n1-story.3", role: "agent", cause: 26 }, c);
  at(85.1, "call.connected", {}, b);
  at(85.2, "recording.started", { recording: "n1-story", node: "n1", path: "rec/n1-story" }, b);
  at(120, "call.held", { by: b.id }, b);
  at(150, "call.resumed", { by: b.id }, b);
  at(160, "recording.paused", { recording: "n1-story" }, b);
  at(165, "call.digits_sent", { count: 4 }, b);
  at(190, "recording.resumed", { recording: "n1-story" }, b);
  at(200, "call.interrupted", { why: "cause 38" }, b);
  at(209, "call.restored", {}, b);
  at(240, "command.failed", { command: "StartRecording", status: 409, reason: "already recording" }, b);
  at(260, "leg.ended", { leg: "n1-story.0", role: "customer", cause: 16 }, b);
  at(260, "call.ended", { phase: "talking", ended_by: "customer", cause: 16 }, b);
  at(260, "recording.stopped", { recording: "n1-story" }, null, null);
  at(260.1, "wrap_up.started", { until_ms: start + 275000 }, b);
  at(268, "note.saved", { disposition_id: DISPOSITIONS[0].id, customer_id: null }, b);
  at(275, "wrap_up.ended", {}, b);
  at(275, "agent.state_changed", { state: "not_ready", was: "wrap_up", reason: REASONS[0].id }, b);
  const people = Object.fromEntries(all.slice(0, 12).map((person) => [person.id, person.name]));
  return { facts, people, queues: Object.fromEntries(QUEUES.map((one) => [one.id, one.name])) };
}

export function legs(all, start) {
  const leg = (n, role, person, from, answered, to, cause) => ({ leg: `n1-story.${n}`, role, agent_id: person?.id ?? null, started_at: start + from * 1000, answered_at: answered === null ? null : start + answered * 1000, ended_at: start + to * 1000, cause });
  return [leg(0, "customer", null, 0, 0, 260, 16), leg(1, "agent", all[1], 60, null, 80.5, 19), leg(2, "agent", all[2], 81, 85, 260, 16), leg(3, "agent", all[7], 81, null, 85.1, 26)];
}

export function peaks() {
  const side = (phase) => Array.from({ length: 600 }, (_, n) => {
    const speaking = Math.sin(n / 23 + phase) > 0.1 && !(n > 205 && n < 290 && phase > 1);
    return speaking ? 0.15 + 0.7 * Math.abs(Math.sin(n * 1.7 + phase) * Math.sin(n / 3)) : 0.01;
  });
  return { duration_ms: 175000, left: side(0), right: side(Math.PI) };
}

/** A quiet WAV of the same length. */
export function wav(seconds = 175, rate = 8000) {
  const size = seconds * rate * 4;
  const head = Buffer.alloc(44 + size);
  head.write("RIFF", 0); head.writeUInt32LE(36 + size, 4); head.write("WAVEfmt ", 8); head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(2, 22);
  head.writeUInt32LE(rate, 24); head.writeUInt32LE(rate * 4, 28); head.writeUInt16LE(4, 32); head.writeUInt16LE(16, 34); head.write("data", 36); head.writeUInt32LE(size, 40);
  return head;
}
