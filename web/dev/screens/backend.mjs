/** Answers what the pages ask, inside the browser that takes the pictures: no server, no port. */
import { callList, DISPOSITIONS, floor, NUMBERS, people, QUEUES, REASONS, SKILLS, TEAMS, today, TRUNKS } from "./data.mjs";
import { callbacks } from "./callbacks.mjs";
import { legs, peaks, story, wav } from "./story.mjs";

const ALL = ["board.see", "agents.control", "calls.see_all", "recordings.hear_all", "callbacks.work", "callbacks.see_all", "customers.see", "customers.edit", "config.see", "config.edit", "people.edit", "audit.see", "test_call.make"];

function audit(all, now) {
  const entries = [
    ["queue.changed", "queue", QUEUES[1].id, { name: [QUEUES[1].name, "售后服务"], wrap_up_s: [15, 20], skills: [{}, { [SKILLS[0].id]: 3 }] }],
    ["person.added", "person", all[3].id, { login: [null, "agent4"], name: [null, all[3].name] }],
    ["session.opened", "session", "x1", {}],
    ["session.refused", "person", all[5].id, {}],
    ["person.password_reset", "person", all[4].id, {}],
    ["trunk.changed", "trunk", TRUNKS[0].id, { prefixes: [[], ["1", "02"]] }],
    ["reason.removed", "reason", REASONS[2].id, { name: "外出" }],
  ];
  return Array.from({ length: 40 }, (_, n) => {
    const [action, object_kind, object_id, details] = entries[n % entries.length];
    return { id: `au${n}`, at: now - n * 700000, person_id: all[n % 5].id, person_name: all[n % 5].name, action, object_kind, object_id, details, ip: "192.168.10.24" };
  });
}

/** `me`: part of the signed-in person; `empty`: a house without anything. */
export async function install(context, { locale = "zh-CN", empty = false, seat = false, role = "supervisor" } = {}) {
  const now = Date.now();
  const all = people(empty ? 1 : 200);
  const live = empty ? { agents: [], calls: [], queues: [] } : floor(all, now);
  const calls = empty ? [] : callList(all, now, 60);
  const day = empty ? { since: now, queues: [], agents: [] } : today(all, now);
  const list = (items) => ({ items: empty ? [] : items, next_cursor: null });
  const start = calls[1]?.arrived_at ?? now;
  const one = (id) => ({ ...(calls.find((call) => call.id === id) ?? calls[1]), direction: "in", result: "answered", queue_id: QUEUES[1].id, agent_id: all[2]?.id, agent_name: all[2]?.name, answered_at: start + 85000, ended_at: start + 260000, wait_ms: 70800, talk_ms: 136000, hold_ms: 39000, wrap_up_ms: 15000, has_recording: true, ended_by: "customer", customer_number: "+8613812345678", caller: "+8613812345678", called: "4008001000", customer: { id: "c1", name: "张伟", level: "vip" }, disposition_id: DISPOSITIONS[0].id, note: "客户询问退货进度，已告知三个工作日内到账。", caller_name: "", trunk: "telecom-a", node: "n1", menu_path: "2", stays: [], missed_by: [], legs: legs(all, start), recording: { id: "r1", state: "ready", duration_ms: 175000 } });
  const owed = empty ? [] : callbacks(all, now);
  const GET = {
    "/me": () => ({ person: { id: all[0].id, login: "boss", name: all[0].name, role, team_id: null, locale }, permissions: seat ? [...ALL, "desk.use"] : ALL, agent: null, features: {} }),
    "/sessions": () => list([]),
    "/board/today": () => day,
    "/teams": () => list(TEAMS), "/skills": () => list(SKILLS), "/queues": () => list(QUEUES), "/reasons": () => list(REASONS), "/dispositions": () => list(DISPOSITIONS), "/numbers": () => list(NUMBERS), "/trunks": () => list(TRUNKS),
    "/people": () => ({ items: all.slice(0, 50), next_cursor: empty ? null : "more" }),
    "/audit": () => list(audit(all.length > 5 ? all : people(10), now)),
    "/system": () => ({ version: "0.1.0", nodes: empty ? [] : [{ name: "n1", connected: true, draining: false, calls: 94 }, { name: "n2", connected: false, draining: false, calls: 0 }, { name: "n3", connected: true, draining: true, calls: 7 }], floor: true, database: true }),
    "/calls": () => ({ items: calls, next_cursor: empty ? null : "next" }),
    "/customers": () => list([]),
    "/callbacks/counts": () => ({ open: owed.filter((one) => one.state === "open").length, mine: owed.filter((one) => one.taken_by === all[0].id && one.state === "in_progress").length }),
  };
  await context.route(/^https?:\/\/[^/]+\/healthz/, (route) => route.fulfill({ json: { status: "ok", parts: { database: true, floor: true, switch: true } } }));
  await context.route(/^https?:\/\/[^/]+\/api\//, async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace(/^\/api/, "");
    if (request.method() !== "GET") {
      if (path.endsWith("/password")) return route.fulfill({ json: { password: "K7mq-xW3f-9vRt" } });
      if (path.endsWith("/phone-secret")) return route.fulfill({ json: { extension: "1001", secret: "f3Zk9QmX2wLp7TsB" } });
      if (path === "/queues") return route.fulfill({ status: 422, json: { error: "invalid_input", message: "", details: { fields: { name: "string_too_short", ring_timeout_s: "greater_than_equal" } } } });
      if (request.method() === "DELETE") return route.fulfill({ status: 409, json: { error: "in_use", message: "", details: { used_by: [{ kind: "number", id: "x", name: "全国服务热线" }, { kind: "queue", id: "y", name: "业务咨询" }] } } });
      return route.fulfill({ json: { ...(request.postDataJSON() ?? {}), id: "new", number: "4008001000" } });
    }
    if (path.endsWith("/recording")) return route.fulfill({ body: wav(), contentType: "audio/wav", headers: { "accept-ranges": "bytes" } });
    if (path.endsWith("/peaks")) return route.fulfill({ json: peaks() });
    if (path.endsWith("/story")) return route.fulfill({ json: story(all, start) });
    if (path === "/callbacks") { const states = new URL(request.url()).searchParams.getAll("state"); return route.fulfill({ json: { items: owed.filter((one) => states.length === 0 || states.includes(one.state)), next_cursor: null } }); }
    if (path.startsWith("/callbacks/cb")) { const callback = owed.find((one) => one.id === path.slice(11)); return route.fulfill({ json: { callback, tried: callback.attempts > 0 ? [{ call_id: "n1-9", at: now - 400000, agent_id: all[3].id, agent_name: all[3].name, answered_at: null }] : [] } }); }
    if (path.startsWith("/calls/")) return route.fulfill({ json: one(decodeURIComponent(path.slice(7))) });
    const answer = GET[path];
    return answer ? route.fulfill({ json: answer() }) : route.fulfill({ status: 404, json: { error: "not_found", message: "", details: {} } });
  });
  const sockets = new Set();
  await context.routeWebSocket(/\/api\/live$/, (socket) => {
    sockets.add(socket);
    socket.onMessage(() => socket.send(JSON.stringify({ t: "pong", now: Date.now() })));
    socket.send(JSON.stringify({ t: "hello", now: Date.now(), floor: true }));
    socket.send(JSON.stringify({ t: "snapshot", ...live }));
  });
  return { live, all, send: (message) => { for (const socket of sockets) socket.send(JSON.stringify(message)); } };
}
