/** What the audit trail can be narrowed to: what it is about, and what was done. */
export const KINDS: readonly string[] = ["person", "session", "team", "skill", "queue", "number", "trunk", "reason", "disposition", "customer", "calls", "recording", "callback", "node", "retention"];

export const ACTIONS: readonly string[] = [
  "session.opened", "session.refused", "session.ended",
  "person.added", "person.changed", "person.removed", "person.password_changed", "person.password_reset", "person.locale_changed",
  "agent.changed", "agent.phone_secret_reset",
  "queue.added", "queue.changed", "queue.removed",
  "number.added", "number.changed", "number.removed",
  "trunk.added", "trunk.changed", "trunk.removed",
  "team.added", "team.changed", "team.removed",
  "skill.added", "skill.changed", "skill.removed",
  "reason.added", "reason.changed", "reason.removed",
  "disposition.added", "disposition.changed", "disposition.removed",
  "customer.added", "customer.changed", "customer.removed",
  "recording.heard",
  "calls.exported",
  "callback.taken", "callback.returned", "callback.done", "callback.dropped",
  "node.drained", "node.resumed",
  "retention.changed",
  "recordings.deleted",
  "ledger.dropped",
];
