/** A made-up floor, the same at every start: for looking at the screens without a server. */

let seed = 42;
function chance() {
  seed = (seed * 1664525 + 1013904223) % 4294967296;
  return seed / 4294967296;
}
const pick = (list) => list[Math.floor(chance() * list.length)];
const between = (low, high) => low + Math.floor(chance() * (high - low + 1));
export const id = (kind, n) => `${kind}${String(n).padStart(4, "0")}`.padEnd(32, "0").replace(/[^0-9a-f]/g, "a");

const FAMILY = [..."王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"];
const GIVEN = ["伟", "芳", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "霞", "平", "桂英"];
const LONG = "阿卜杜热合曼·买买提·吐尔逊江·艾合买提";
const STRATEGIES = ["longest_idle", "fewest_calls", "hunt", "ring_all"];

export const TEAMS = ["售后一组", "售后二组", "咨询一组", "咨询二组", "投诉组", "大客户组", "英语组", "夜班组（含节假日与临时支援人员）"].map((name, n) => ({ id: id("7", n), name, leader_id: null }));
export const SKILLS = ["售后", "咨询", "投诉", "英语", "粤语", "大客户", "保险产品", "退换货"].map((name, n) => ({ id: id("5", n), name }));
export const QUEUES = ["业务咨询", "售后服务", "投诉建议", "大客户专线", "English line", "退换货与物流查询（含节假日延长服务）", "保险理赔", "夜间值班"].map((name, n) => ({
  id: id("9", n), name, strategy: STRATEGIES[n % 4], skills: { [SKILLS[n].id]: 1 + (n % 5) }, priority: n === 3 ? 10 : 0, ageing_s: 60, ring_timeout_s: 20, wrap_up_s: 15 + n * 5,
  max_waiting: n === 1 ? 50 : null, max_wait_s: n === 2 ? 600 : null, overflow_to: n === 1 ? id("9", 0) : null, sl_threshold_s: n === 3 ? 10 : 20, announce_every_s: 30, music: "default",
  level_relax_after_s: n === 0 ? 60 : null, recorded: n !== 6, active: n !== 7,
}));
export const REASONS = [["小休", "Break", "break"], ["用餐", "Meal", "break"], ["会议", "Meeting", "meeting"], ["培训", "Training", "training"], ["处理工单", "Paper work", "work"]].map(([name, name_en, counts_as], n) => ({
  id: id("4", n), name, name_en, active: n !== 3, order: n * 10, counts_as,
}));
export const DISPOSITIONS = [["已解决", "Solved"], ["需回访", "Call back"], ["转投诉", "Complaint"], ["咨询", "Question"], ["无效来电", "Nuisance"]].map(([name, name_en], n) => ({
  id: id("d", n), name, name_en, active: true, order: n * 10, direction: n === 1 ? "both" : n === 4 ? "in" : "both",
}));
export const NUMBERS = [["4008001000", "全国服务热线", true], ["02188881234", "上海直线", false]].map(([number, name, menu], n) => ({
  id: id("8", n), number, name, language: "zh", greeting_prompt: "greeting", menu: menu ? { 1: QUEUES[0].id, 2: QUEUES[1].id, 3: QUEUES[2].id } : {}, queue_id: QUEUES[n].id, menu_timeout_s: 6, active: true,
}));
export const TRUNKS = [
  { id: id("6", 0), name: "telecom-a", kind: "peer", host: "sip.example.net", port: 5060, username: "", register: false, codecs: ["alaw", "ulaw"], caller_number: "02188881234", prefixes: ["1", "02", "86"], active: true },
  { id: id("6", 1), name: "branch-beijing", kind: "account", host: "", port: 5060, username: "branch", register: false, codecs: ["alaw"], caller_number: "", prefixes: [], active: true },
];

const nameOf = (n) => (n === 7 ? LONG : pick(FAMILY) + pick(GIVEN));
const numberOf = () => `+861${pick(["38", "39", "50", "86", "99"])}${String(between(0, 99999999)).padStart(8, "0")}`;

const STATES = [["ready", 30], ["talking", 85], ["hold", 6], ["ringing", 6], ["dialing", 3], ["wrap_up", 18], ["not_ready", 30], ["rest", 2], ["offline", 20]];
function stateOf() {
  let at = between(0, 199);
  for (const [state, share] of STATES) {
    if (at < share) return state;
    at -= share;
  }
  return "offline";
}

export function people(count) {
  return Array.from({ length: count }, (_, n) => ({
    id: id("1", n), login: `agent${n + 1}`, name: nameOf(n), role: n === 0 ? "admin" : n < 6 ? "team_leader" : "agent", team_id: TEAMS[n % 8].id, locale: n % 9 === 0 ? "en" : "zh-CN", active: n % 41 !== 40,
    agent: n === 0 ? null : { extension: String(1000 + n), phone_kind: n % 17 === 5 ? "sip" : n % 29 === 7 ? "static" : "browser", contact: n % 29 === 7 ? "sip:10.0.3.7:5060" : "", wrap_up_s: null, rest_s: 0, max_missed: 3, skills: Object.fromEntries(SKILLS.slice(n % 5, (n % 5) + 3).map((skill, at) => [skill.id, 1 + ((n + at * 3) % 10)])) },
  }));
}

const LASTS = { talking: [5, 700], hold: [5, 150], ringing: [1, 25], dialing: [2, 60], wrap_up: [2, 130], not_ready: [20, 2400], ready: [1, 600], rest: [1, 20], offline: [600, 9000] };

/** What /api/live shows: 200 agents, their calls, callers who wait. */
export function floor(all, now, waiting = 50) {
  const calls = [];
  const agents = all.filter((person) => person.agent).map((person, n) => {
    const state = stateOf();
    const since = now - between(...LASTS[state]) * 1000;
    const busy = ["talking", "hold", "ringing", "dialing", "wrap_up"].includes(state);
    const queues = [QUEUES[n % 8].id, QUEUES[(n + 3) % 8].id];
    const call_id = busy ? `n1-${n}` : null;
    if (busy) {
      const out = state === "dialing" || n % 11 === 0;
      calls.push({ id: call_id, direction: out ? "out" : "in", phase: state === "wrap_up" ? "ended" : state, caller: numberOf(), caller_name: "", called: "4008001000", customer_number: numberOf(), queue_id: out ? null : queues[0], agent_id: state === "ringing" ? null : person.id, offered: state === "ringing" ? [person.id] : [], arrived_at: since - 40000, queued_at: out ? null : since - 20000, answered_at: state === "ringing" || state === "dialing" ? null : since, since, order: null, priority: 0, recording: "on", digits: "1", ended_by: null, cause: null });
    }
    return { id: person.id, name: person.name, team_id: person.team_id, extension: person.agent.extension, state, reason_id: state === "not_ready" ? pick(REASONS).id : null, since, until: null, call_id, phone_online: state === "offline" ? false : n % 53 !== 9, wants: state === "not_ready" || n % 23 === 3 ? "not_ready" : "ready", next_reason_id: null, handled: between(5, 60), missed: n % 47 === 11 ? 4 : between(0, 2), queues };
  });
  for (let n = 0; n < waiting; n += 1) {
    const queued = now - Math.floor(chance() ** 3 * 240 + 1) * 1000;
    calls.push({ id: `w1-${n}`, direction: "in", phase: "waiting", caller: "", caller_name: "", called: "4008001000", customer_number: n === 3 ? "" : numberOf(), queue_id: QUEUES[n % 8].id, agent_id: null, offered: [], arrived_at: queued - 15000, queued_at: queued, answered_at: null, since: queued, order: queued - (n % 9 === 0 ? 600_000 : 0), priority: n % 9 === 0 ? 10 : 0, recording: "off", digits: "", ended_by: null, cause: null });
  }
  for (let n = 0; n < 4; n += 1) calls.push({ ...calls[calls.length - 1], id: `m1-${n}`, phase: n % 2 ? "menu" : "greeting", queue_id: null, queued_at: null, order: null, arrived_at: now - 4000, since: now - 4000 });
  return { agents, calls, queues: QUEUES.map((queue) => tile(queue, agents, calls)) };
}

function tile(queue, agents, calls) {
  const mine = agents.filter((agent) => agent.queues.includes(queue.id) && agent.state !== "offline");
  const waits = calls.filter((call) => call.queue_id === queue.id && ["waiting", "ringing"].includes(call.phase));
  const count = (...states) => mine.filter((agent) => states.includes(agent.state)).length;
  const nobody = queue.id === QUEUES[7].id;
  return { id: queue.id, name: queue.name, waiting: waits.length, longest_since: waits.length ? Math.min(...waits.map((call) => call.queued_at)) : null, ready: nobody ? 0 : count("ready"), talking: nobody ? 0 : count("talking", "hold", "dialing"), wrap_up: nobody ? 0 : count("wrap_up"), signed_in: nobody ? 0 : mine.length };
}

export function today(all, now) {
  const since = new Date(now).setHours(0, 0, 0, 0);
  const queues = QUEUES.slice(0, 7).map((queue, n) => {
    const offered = between(120, 900), abandoned = Math.floor(offered * (0.02 + chance() * 0.1)), answered = offered - abandoned;
    const within = Math.floor(answered * (n === 2 ? 0.6 : n === 5 ? 0.78 : 0.84 + chance() * 0.12));
    return { queue_id: queue.id, offered, answered, abandoned, answered_within: within, threshold_s: queue.sl_threshold_s, service_level: within / offered, asa_ms: between(4000, 15000), longest_wait_ms: between(60000, 300000) };
  });
  const agents = all.map((person) => ({ agent_id: person.id, answered: between(10, 70), dialled: between(0, 9), missed: between(0, 4), talk_ms: between(3600, 14000) * 1000, wrap_up_ms: between(300, 3000) * 1000 }));
  return { since, queues, agents };
}

const RESULTS = ["answered", "answered", "answered", "answered", "abandoned_queue", "abandoned_menu", "no_answer", "busy", "overflowed", "refused", "failed"];

export function callList(all, now, count) {
  let at = now - 60000;
  return Array.from({ length: count }, (_, n) => {
    at -= between(5, 240) * 1000;
    const out = n % 7 === 3;
    const result = n === 0 ? "in_progress" : out ? pick(["answered", "no_answer", "busy"]) : pick(RESULTS.filter((one) => !["busy", "no_answer"].includes(one)));
    const answered = result === "answered";
    const person = answered || out ? all[1 + (n % (all.length - 1))] : null;
    const wait = out ? 0 : between(1, 90) * 1000, talk = answered ? between(10, 900) * 1000 : 0;
    const number = numberOf();
    return { id: n === 1 ? "n1-story" : `n1-1764${n}.1`, direction: out ? "out" : "in", caller: out ? "02188881234" : number, called: out ? number : "4008001000", customer_number: number, customer: n % 3 === 0 ? { id: id("c", n), name: n === 3 ? LONG : nameOf(99), level: n % 6 === 0 ? "vip" : "normal" } : null, queue_id: out || result === "abandoned_menu" ? null : QUEUES[n % 8].id, agent_id: person?.id ?? null, agent_name: person?.name ?? null, arrived_at: at, queued_at: out ? null : at + 9000, answered_at: answered ? at + 9000 + wait : null, ended_at: result === "in_progress" ? null : at + 9000 + wait + talk, wait_ms: wait, talk_ms: talk, hold_ms: answered && n % 5 === 0 ? 32000 : 0, wrap_up_ms: answered ? between(3, 60) * 1000 : 0, result, ended_by: pick(["customer", "agent"]), cause: 16, disposition_id: answered && n % 4 ? pick(DISPOSITIONS).id : null, note: answered && n % 4 ? "客户询问退货进度，已告知三个工作日内到账，需周五回访确认。" : "", has_recording: answered, n_facts: 20 };
  });
}
export { pick, between, numberOf };
