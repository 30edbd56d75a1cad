import { onScopeDispose, ref, type Ref } from "vue";

/** A length of time as m:ss, or h:mm:ss from one hour on. Negative lengths (clocks differ a little) are 0:00. */
export function clockText(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** The local time of day hh:mm, with the date in front when it is not the day of `now`. */
export function momentText(at: number, now: number, withSeconds = false): string {
  const moment = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}${withSeconds ? `:${two(moment.getSeconds())}` : ""}`;
  const today = new Date(now);
  if (moment.toDateString() === today.toDateString()) return time;
  const date = `${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return moment.getFullYear() === today.getFullYear() ? `${date} ${time}` : `${moment.getFullYear()}-${date} ${time}`;
}

/** How far this browser's clock is behind the server's, in ms; set by the live connection. */
export const clockOffsetMs = ref(0);

/** The server's time, as well as we know it, ms since the epoch. */
export function serverNow(): number {
  return Date.now() + clockOffsetMs.value;
}

const tick = ref(serverNow());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The server's time, renewed every half second; all users share one timer. */
export function useNow(): Readonly<Ref<number>> {
  tick.value = serverNow();
  users += 1;
  timer ??= setInterval(() => (tick.value = serverNow()), 500);
  onScopeDispose(() => {
    users -= 1;
    if (users > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
  return tick;
}
