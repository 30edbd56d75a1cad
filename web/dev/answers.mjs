// What the mock answers to requests. Enough for the desk, customers and account pages.
import { amend, scene } from "./scenes.mjs";

const day = (days, hours = 0) => Date.now() - days * 86_400_000 - hours * 3_600_000;

const PERMISSIONS = ["desk.use", "calls.see_own", "recordings.hear_own", "customers.see", "customers.edit", "test_call.make"];
let locale = "zh-CN";
let signedIn = false;
const me = () => ({
  person: { id: "p1", login: "lixm", name: "李晓梅", role: "agent", team_id: "t1", locale },
  permissions: PERMISSIONS,
  agent: { extension: "1001", phone_kind: "browser" },
  features: {},
});

const reasons = ["小休", "午餐", "会议", "培训", "处理工单"].map((name, index) => ({
  id: `r${index + 1}`, name, name_en: ["Break", "Lunch", "Meeting", "Training", "Work orders"][index], active: true, order: index, counts_as: "break",
}));
const dispositions = ["已解决", "需回访", "转投诉", "咨询", "无效来电", "打错"].map((name, index) => ({
  id: `d${index + 1}`, name, name_en: ["Solved", "Call back", "Complaint", "Enquiry", "Invalid", "Wrong number"][index], active: true, order: index, direction: "both",
}));

const customer = (id, name, level, company, numbers, note = "") => ({
  id, name, level, company, address: "杭州市西湖区文三路 90 号 6 幢 1203 室", note, created_at: day(200), updated_at: day(3),
  numbers: numbers.map(([number, label], index) => ({ id: `${id}n${index}`, number, label })),
});
const customers = [
  customer("c1", "张伟", "vip", "浙江远航物流有限公司", [["+8613812345678", "手机"], ["+8657188001234", "办公"]], "只接受工作日上午回访；合同 2026-08 到期。"),
  customer("c2", "欧阳明月", "normal", "", [["+8657187654321", "家"]]),
  customer("c3", "欧阳建设", "normal", "杭州大华装饰工程有限公司", [["+8657187654321", "家"], ["+8613700001111", "手机"]]),
  ...Array.from({ length: 24 }, (_, index) => customer(`x${index}`, `客户${index + 1}`, index % 7 ? "normal" : "vip", "某某贸易公司", [[`+8613900000${String(index).padStart(3, "0")}`, "手机"]])),
];

const item = (id, at, more = {}) => ({
  id, direction: "in", caller: "+8613812345678", called: "4008001234", customer_number: "+8613812345678", customer: { id: "c1", name: "张伟", level: "vip" },
  queue_id: "q1", agent_id: "p2", agent_name: "王建国", arrived_at: at, queued_at: at + 8000, answered_at: at + 20_000, ended_at: at + 200_000,
  wait_ms: 12_000, talk_ms: 180_000, hold_ms: 0, wrap_up_ms: 20_000, result: "answered", ended_by: "customer", cause: null,
  disposition_id: "d1", note: null, has_recording: true, n_facts: 14, ...more,
});
const history = [
  item("h1", day(1, 3), { disposition_id: "d2", note: "运单 SF1029 延误，答应今天 17:00 前回电告知到货时间；客户强调不要再打办公电话。" }),
  item("h2", day(9), { agent_name: "陈思思", direction: "out", note: "回访：对上次理赔满意。" }),
  item("h3", day(30), { result: "abandoned_queue", agent_name: null, disposition_id: null, talk_ms: null }),
  item("h4", day(62), { note: "询问冷链报价，已发邮件。", disposition_id: "d4" }),
];
const today = Array.from({ length: 14 }, (_, index) => item(`d-${index}`, Date.now() - (index + 1) * 1_260_000, {
  agent_id: "p1", agent_name: "李晓梅", talk_ms: 60_000 + index * 17_000, result: index === 4 ? "no_answer" : "answered", direction: index % 5 === 4 ? "out" : "in",
  customer: index % 3 ? { id: `x${index}`, name: `客户${index}`, level: "normal" } : null, customer_number: `+861390000${String(index).padStart(4, "0")}`, note: index % 2 ? "已处理" : null,
}));
const fact = (seconds, type, data = {}, more = {}) => ({ position: seconds, at: Date.now() - 200_000 + seconds * 1000, type, version: 1, agent_id: null, queue_id: null, data, ...more });
const story = () => [
  fact(0, "call.arrived", { called: "4008001234" }), fact(9, "menu.chosen", { path: "1" }), fact(10, "queue.entered", {}, { queue_id: "q1" }),
  fact(22, "offer.failed", { agent: "p3", why: "no_answer" }), fact(39, "offer.accepted", { agent: "p1" }), fact(39, "call.connected", { agent: "p1" }),
];

const page = (items) => [200, { items, next_cursor: null }];
const gone = [204, undefined];

function commands(path, body, changed) {
  const does = {
    "/desk/sign-in": () => undefined,
    "/desk/sign-out": () => amend({ state: "offline" }),
    "/desk/state": () => amend(body.state === "ready" ? { state: "ready", reason_id: null } : { state: "not_ready", reason_id: body.reason_id ?? null }),
    "/desk/dial": () => scene("dialing"),
    "/test-call": () => scene("ringing"),
  };
  const verb = path.split("/").at(-1);
  const onCall = {
    hold: () => amend({ state: "hold" }, { phase: "hold" }),
    resume: () => amend({ state: "talking" }, { phase: "talking" }),
    hangup: () => scene("wrap_up"),
    reject: () => scene("not_ready"),
    "record-pause": () => amend({}, { recording: "paused" }),
    "record-resume": () => amend({}, { recording: "on" }),
    "wrap-up-done": () => scene("ready"),
    digits: () => undefined,
  };
  const run = does[path] ?? (path.startsWith("/desk/calls/") ? onCall[verb] : undefined);
  if (!run) return null;
  run();
  changed();
  return gone;
}

function lookup(number) {
  const found = customers.filter((one) => one.numbers.some((n) => n.number === number));
  const recent = found.some((one) => one.id === "c1") ? history : [];
  return [200, { number: { e164: number, national: number, region: "浙江杭州", carrier: "中国移动" }, customers: found, recent }];
}

function reads(path, query) {
  if (path === "/me") return signedIn ? [200, me()] : [401, { error: "not_signed_in", message: "", details: {} }];
  if (path === "/reasons") return page(reasons);
  if (path === "/dispositions") return page(dispositions);
  if (path === "/sessions") {
    const one = { person_id: "p1", created_at: day(0, 5), seen_at: day(0), expires_at: 0, address: "192.168.1.20", device: "Chrome 156, Windows" };
    return page([{ ...one, id: "s1", current: true }, { ...one, id: "s2", created_at: day(2), current: false, address: "192.168.1.77" }]);
  }
  if (path === "/customers/lookup") return lookup(query.get("number"));
  if (path === "/customers") {
    const q = query.get("q") ?? "";
    return page(customers.filter((one) => JSON.stringify(one).includes(q)));
  }
  if (path === "/calls") return page(query.get("from") ? today : query.get("customer_id") === "c1" ? history : []);
  if (path.endsWith("/story")) return [200, { facts: story(), people: { p1: "李晓梅", p3: "陈思思" }, queues: { q1: "售后服务" } }];
  return [404, { error: "not_found", message: "", details: {} }];
}

export function answers(method, path, query, body, changed) {
  if (method === "GET") return reads(path, query);
  if (path === "/session" && method === "POST") {
    if (body.password === "wrong") return [401, { error: "wrong_credentials", message: "", details: {} }];
    signedIn = true;
    return [200, me()];
  }
  if (path === "/session") {
    signedIn = false;
    return gone;
  }
  if (path === "/me/locale") {
    locale = body.locale;
    return gone;
  }
  if (path === "/desk/phone") {
    return [200, { nodes: [{ name: "n1", ws_path: "/api/sip?node=n1" }], uri: "sip:1001@hujiao", username: "1001", password: "x", display_name: "李晓梅" }];
  }
  if (path.startsWith("/customers")) {
    if (JSON.stringify(body.numbers ?? []).includes("bad")) return [422, { error: "invalid_input", message: "", details: { fields: { "numbers.0.number": "bad_number" } } }];
    return [200, { ...customers[0], details: { also: [] }, ...body, id: path.split("/")[2] ?? `n${Date.now()}`, updated_at: Date.now() }];
  }
  return commands(path, body, changed) ?? gone;
}
