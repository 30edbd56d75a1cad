import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { blankTrunk, prefixesOf, trunkBody, trunkDraft } from "@/features/admin/lines/trunk";
import { mayEdit, nextExtension, ROLES } from "@/features/admin/people/roles";
import { ACTIONS } from "@/features/admin/trail/actions";
import { linesOf, valueText, wordOf } from "@/features/admin/trail/details";
import { faultAt } from "@/features/admin/ui/useFaults";
import { inOrder, moved, renumbered } from "@/features/admin/words/ordering";

const ROOT = join(__dirname, "../..");

describe("a trunk's form", () => {
  it("reads prefixes however they were typed, each once", () => {
    expect(prefixesOf(" 1, 010；021 1\n86")).toEqual(["1", "010", "021", "86"]);
    expect(prefixesOf("  ")).toEqual([]);
  });

  it("never sends an empty secret over the stored one", () => {
    expect(trunkBody({ ...blankTrunk(), secret: "" })).not.toHaveProperty("secret");
    expect(trunkBody({ ...blankTrunk(), secret: "long enough" })).toHaveProperty("secret", "long enough");
  });

  it("leaves out what an account cannot have", () => {
    expect(trunkBody({ ...blankTrunk(), kind: "account", host: "left.over", register: true })).toMatchObject({ host: "", register: false });
  });

  it("shows a trunk and sends the same back", () => {
    const trunk = { id: "x", ...trunkBody({ ...blankTrunk(), name: "a", host: "h", prefixes: "1 2" }), has_secret: true } as never;
    expect(trunkBody(trunkDraft(trunk))).toEqual(trunkBody({ ...blankTrunk(), name: "a", host: "h", prefixes: "1 2" }));
  });
});

describe("people", () => {
  it("are edited by who stands above them, and all by administrators", () => {
    expect(ROLES.filter((role) => mayEdit("supervisor", role))).toEqual(["agent", "team_leader", "shift_leader", "quality"]);
    expect(ROLES.filter((role) => mayEdit("admin", role))).toEqual(ROLES);
    expect(mayEdit(undefined, "agent")).toBe(false);
  });

  it("get the next free extension", () => {
    expect(nextExtension([])).toBe("1001");
    expect(nextExtension(["1007", "1002", "0999", "x"])).toBe("1008");
  });

  it("have the roles that the server knows, ranked alike", () => {
    const python = readFileSync(join(ROOT, "src/hujiao/identity/model.py"), "utf8");
    const ranks = [...python.matchAll(/Role\.([A-Z_]+): (\d),/g)].map((match) => [(match[1] ?? "").toLowerCase(), Number(match[2])] as const);
    expect(ranks.map(([role]) => role).sort()).toEqual([...ROLES].sort());
    for (const [a, high] of ranks) for (const [b, low] of ranks) if (a !== "admin") expect(mayEdit(a as never, b as never)).toBe(low < high);
  });
});

describe("an arranged list", () => {
  const items = [{ id: "a", order: 10, name: "a" }, { id: "b", order: 20, name: "b" }, { id: "c", order: 30, name: "c" }];

  it("moves one and sends only what changed", () => {
    const next = moved(items, 2, 1);
    expect(next.map((one) => one.id)).toEqual(["a", "c", "b"]);
    expect(renumbered(next)).toEqual([{ id: "c", order: 20 }, { id: "b", order: 30 }]);
  });

  it("stays as it is beyond its ends", () => {
    expect(moved(items, 0, -1)).toEqual(items);
    expect(moved(items, 2, 3)).toEqual(items);
    expect(renumbered(items)).toEqual([]);
  });

  it("orders equal numbers by name", () => {
    expect(inOrder([{ order: 1, name: "b" }, { order: 0, name: "z" }, { order: 1, name: "a" }]).map((one) => one.name)).toEqual(["z", "a", "b"]);
  });
});

describe("the audit trail", () => {
  const words = { yes: "yes", no: "no", none: "none", comma: ", ", nameOf: (id: string) => ({ s1: "English" })[id] };
  const text = (value: unknown) => valueText(value, words);

  it("reads changes as before and after, and names ids", () => {
    expect(linesOf({ wrap_up_s: [15, 20], skills: [{}, { s1: 3 }], name: "x" }, text)).toEqual([
      { field: "wrap_up_s", before: "15", after: "20" },
      { field: "skills", before: "none", after: "English 3" },
      { field: "name", before: null, after: "x" },
    ]);
  });

  it("knows where the words of a code stand", () => {
    expect(wordOf("strategy", "hunt")).toBe("admin.queues.strategies.hunt");
    expect(wordOf("name", "hunt")).toBeNull();
  });

  it("can be narrowed to everything that the server records", () => {
    const server = join(ROOT, "src/hujiao");
    const recorded = readdirSync(server, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.py$/.test(file))
      .flatMap((file) => readFileSync(join(server, file), "utf8").split("\n"))
      .filter((line) => /audit\(|action = "/.test(line))
      .flatMap((line) => [...line.matchAll(/"([a-z_]+\.[a-z_]+)"/g)].map((m) => m[1] ?? ""));
    expect(recorded.length).toBeGreaterThan(20);
    expect([...new Set(recorded)].filter((action) => !ACTIONS.includes(action))).toEqual([]);
  });

  it("puts every kind of value into words", () => {
    expect([true, false, null, "", [], ["s1", 2], { agent: { a: 1 } }].map(text)).toEqual(["yes", "no", "none", "none", "none", "English, 2", "agent a 1"]);
  });
});

describe("what the server finds wrong", () => {
  it("stands at the field, also for a part of it", () => {
    expect(faultAt({ "prefixes.2": "bad" }, "prefixes")).toBe("bad");
    expect(faultAt({ name: "short", "names.0": "x" }, "name")).toBe("short");
    expect(faultAt({ "menu.3": "gone" }, "me")).toBe("");
  });

  it("has words in both languages for every code that a check gives", () => {
    const python = ["floor/lines.py", "floor/admin.py", "agents/rules.py", "agents/service.py", "identity/rules.py"].map((file) => readFileSync(join(ROOT, "src/hujiao", file), "utf8")).join("\n");
    const codes = [...python.matchAll(/faults\[[^\]]+\] = "([a-z_]+)"|return "(password_[a-z_]+)"|fields=\{[^}]*: "([a-z_]+)"/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
    expect(codes.length).toBeGreaterThan(15);
    for (const language of ["zh-CN", "en"]) {
      const read = (path: string) => JSON.parse(readFileSync(join(ROOT, "web/src", path), "utf8")) as never;
      const { fault } = read(`features/admin/i18n/${language}.json`) as { fault: Record<string, string> };
      const { errors } = read(`i18n/${language}.json`) as { errors: { field: Record<string, string> } };
      expect(codes.filter((code) => !fault[code] && !errors.field[code])).toEqual([]);
    }
  });

  it("tells of every administrated kind by name in the trail", () => {
    const kinds = readdirSync(join(ROOT, "src/hujiao"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith("service.py") || file.endsWith("admin.py") || file.endsWith("dispositions.py"))
      .flatMap((file) => [...readFileSync(join(ROOT, "src/hujiao", file), "utf8").matchAll(/"([a-z]+)\.(?:added|changed|removed|opened|ended|refused|heard)"/g)].map((match) => match[1] ?? ""));
    const { kind } = JSON.parse(readFileSync(join(ROOT, "web/src/features/admin/i18n/zh-CN.json"), "utf8")) as { kind: Record<string, string> };
    expect([...new Set(kinds)].filter((one) => !kind[one])).toEqual([]);
  });
});
