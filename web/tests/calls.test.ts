import { describe, expect, it } from "vitest";

import { columnsOf } from "@/features/calls/columns";
import { apiQueryOf, filterOf, midnight, narrowed, queryOf, spanOf } from "@/features/calls/filter";
import { barsOf } from "@/features/calls/player/bars";
import { lengthText } from "@/features/calls/text";

const NOON = new Date(2026, 2, 10, 12, 30).getTime();

describe("the filter of the call list", () => {
  it("comes back from the address as it went in", () => {
    const filter = { ...filterOf({}), range: null, from: 5, to: 9, direction: "in" as const, queue: "q", agent: "a", team: "t", result: "busy" as const, disposition: "d", customer: "c", number: "138", q: "张", stayedIn: "q2", stay: "abandoned" as const, oldestFirst: true };
    expect(filterOf(queryOf(filter) as Record<string, string>)).toEqual(filter);
  });

  it("means today unless a customer or a number is asked for", () => {
    expect(filterOf({}).range).toBe("today");
    expect(filterOf({ customer: "c1" }).range).toBe("all");
    expect(filterOf({ number: "138" }).range).toBe("all");
    expect(filterOf({ from: "77" })).toMatchObject({ range: null, from: 77, to: null });
  });

  it("does not believe nonsense in the address", () => {
    expect(filterOf({ range: "ever", result: "great", direction: "up", from: "x", stay: "q", order: "best" })).toEqual(filterOf({}));
  });

  it("counts days from midnight where the reader is", () => {
    expect(spanOf({ ...filterOf({}), range: "today" }, NOON)).toEqual({ from: midnight(NOON), to: null });
    expect(spanOf({ ...filterOf({}), range: "yesterday" }, NOON)).toEqual({ from: midnight(NOON, 1), to: midnight(NOON) });
    expect(spanOf({ ...filterOf({}), range: "week" }, NOON)).toEqual({ from: new Date(2026, 2, 4).getTime(), to: null });
    expect(spanOf({ ...filterOf({}), range: "all" }, NOON)).toEqual({ from: null, to: null });
  });

  it("asks the server in its own words", () => {
    const asked = apiQueryOf(filterOf({ range: "all", queue: "q", stayed_in: "q2", stay: "answered", order: "oldest", q: "abc" }), NOON);
    expect(Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null && value !== ""))).toEqual({ queue_id: "q", stayed_in: "q2", stay: "answered", order: "oldest", q: "abc" });
  });

  it("tells how much it narrows, besides the time", () => {
    expect(narrowed(filterOf({ range: "week" }))).toBe(0);
    expect(narrowed(filterOf({ q: "x", agent: "a" }))).toBe(2);
  });
});

describe("the columns", () => {
  it("are remembered in their order, time and number always", () => {
    expect(columnsOf(JSON.stringify(["note", "direction"]))).toEqual(["time", "direction", "number", "note"]);
  });

  it("are the usual ones when nothing readable is stored", () => {
    expect(columnsOf(null)).toContain("result");
    expect(columnsOf("{")).toEqual(columnsOf(null));
  });
});

describe("what a row shows", () => {
  it("says lengths as mm:ss, hours only when there are, nothing for none", () => {
    expect([0, null, 5_000, 65_000, 3_700_000].map(lengthText)).toEqual(["", "", "0:05", "1:05", "1:01:40"]);
  });

  it("draws a shape of any width with its loudest parts", () => {
    expect(barsOf([0, 0.2, 1, 0.1], 2)).toEqual([0.2, 1]);
    expect(barsOf([0.5], 3)).toEqual([0.5, 0.5, 0.5]);
    expect(barsOf([], 2)).toEqual([0, 0]);
    expect(barsOf([7], 1)).toEqual([1]);
  });
});
