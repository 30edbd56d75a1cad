/** Customers to be called back, for the pictures. */
import { QUEUES } from "./data.mjs";

const NUMBERS = ["+8613812345678", "+8613900139000", "+862166668888", "", "+8618612340077", "+8613711112222", "+442079460018", "+8615000001111"];
const CUSTOMERS = [{ id: "c1", name: "张伟", level: "vip" }, null, { id: "c2", name: "上海远洋国际货运代理有限公司华东分公司采购部", level: "normal" }, null, { id: "c3", name: "李小红", level: "normal" }];
const STATES = ["open", "in_progress", "open", "open", "in_progress", "done", "dropped", "done", "open", "open"];
const PHASES = ["talking", "waiting", "menu", "hold", "ringing", "greeting"];

/** 30 of them, the oldest first; the second is taken by who looks. */
export function callbacks(all, now) {
  return Array.from({ length: 30 }, (_, n) => {
    const state = STATES[n % STATES.length];
    const message = n % 3 === 0;
    const closed = state === "done" || state === "dropped";
    const taker = n === 1 ? all[0] : all[4 + n];
    const talked = !message && PHASES[n % 6] === "talking";
    return {
      id: `cb${n}`, kind: message ? "message" : "lost_call", state, why: message ? "floor_away" : n % 2 ? "switch_lost" : "system_fault",
      number: NUMBERS[n % NUMBERS.length], called: "4008001000", customer: CUSTOMERS[n % CUSTOMERS.length], happened_at: now - (31 - n) * 540000,
      call_id: message ? null : "n1-story", phase: message ? null : PHASES[n % 6], queue_id: n % 7 === 6 ? null : QUEUES[n % QUEUES.length].id,
      agent_id: talked ? all[2].id : null, agent_name: talked ? all[2].name : null,
      taken_by: state === "open" ? null : taker.id, taken_by_name: state === "open" ? null : taker.name, taken_at: state === "open" ? null : now - 500000,
      result: state === "done" ? (n % 2 ? "reached" : "called_again") : null,
      note: state === "done" && n % 2 ? "客户已收到货，询问发票开具方式，已告知三个工作日内寄出电子发票。" : state === "dropped" ? "骚扰电话" : "",
      closed_at: closed ? now - 200000 : null, closed_by: closed && n % 2 ? taker.id : null, closed_by_name: closed && n % 2 ? taker.name : null,
      attempts: n % 4 === 1 ? 1 : 0, message_ms: message ? 8000 + n * 1700 : null,
    };
  });
}
