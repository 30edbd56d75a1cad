/** The floor in four figures. Pure. */
import type { LiveQueue } from "@/api/types";

import type { QueueDay } from "./useBoard";

export interface Total {
  waiting: number;
  longestSince: number | null;
  offered: number;
  answered: number;
  abandoned: number;
  /** Answered within each queue's own threshold / offered; null when nothing was offered. */
  level: number | null;
}

export function totalOf(queues: readonly LiveQueue[], days: readonly QueueDay[]): Total {
  const shown = new Set(queues.map((queue) => queue.id));
  const mine = days.filter((day) => shown.has(day.queue_id));
  const sum = (pick: (day: QueueDay) => number) => mine.reduce((total, day) => total + pick(day), 0);
  const since = queues.flatMap((queue) => (queue.longest_since === null ? [] : [queue.longest_since]));
  const offered = sum((day) => day.offered);
  return {
    waiting: queues.reduce((total, queue) => total + queue.waiting, 0),
    longestSince: since.length === 0 ? null : Math.min(...since),
    offered,
    answered: sum((day) => day.answered),
    abandoned: sum((day) => day.abandoned),
    level: offered === 0 ? null : sum((day) => day.answered_within) / offered,
  };
}
