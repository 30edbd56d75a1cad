/** What one may do with a callback. Pure. */
import type { Callback } from "./types";

export interface Worker {
  id: string;
  /** May take and close any at all. */
  works: boolean;
  /** A leader: takes over from others. */
  leads: boolean;
}

export interface Moves {
  take: boolean;
  takeOver: boolean;
  finish: boolean;
  drop: boolean;
  giveBack: boolean;
  call: boolean;
}

const NONE: Moves = { take: false, takeOver: false, finish: false, drop: false, giveBack: false, call: false };

export function movesOf(one: Callback, me: Worker): Moves {
  const closed = one.state === "done" || one.state === "dropped";
  if (closed || !me.works) return NONE;
  const mine = one.taken_by === me.id;
  const others = one.taken_by !== null && !mine;
  return {
    take: one.state === "open",
    takeOver: others && me.leads,
    finish: mine,
    drop: mine || me.leads,
    giveBack: mine || (others && me.leads),
    call: one.number !== "" && !others,
  };
}

/** The row that the arrow leads to; from nowhere to the first. */
export function neighbour(ids: readonly string[], at: string | null, step: 1 | -1): string | null {
  const place = at === null ? -1 : ids.indexOf(at);
  if (place === -1) return ids[0] ?? null;
  return ids[Math.min(Math.max(0, place + step), ids.length - 1)] ?? null;
}
