import { describe, expect, it } from "vitest";

import { answersItself, hindrance, INITIAL, reception, step, wholeLine, type PhoneEvent, type PhoneState } from "@/features/desk/phone/machine";

const incoming = (leg: string, callId: string | null = "c1", itself = false): PhoneEvent => ({ is: "incoming", call: { leg, callId, answersItself: itself } });
const after = (...events: PhoneEvent[]): PhoneState => events.reduce(step, INITIAL);
const open: PhoneEvent = { is: "microphone", state: "open" };

describe("the softphone's state", () => {
  it("goes from ringing over answering to up and back to none", () => {
    const ringing = after(open, incoming("l1"));
    expect(ringing.call?.phase).toBe("ringing");
    const answering = step(ringing, { is: "answering", leg: "l1" });
    expect(answering.call?.phase).toBe("answering");
    const up = step(answering, { is: "up", leg: "l1" });
    expect(up.call?.phase).toBe("up");
    expect(step(up, { is: "ended", leg: "l1" }).call).toBeNull();
  });

  it("forgets the mute with the call, so that the next one is heard", () => {
    const muted = after(open, incoming("l1"), { is: "up", leg: "l1" }, { is: "mute", on: true });
    expect(muted.muted).toBe(true);
    expect(step(muted, { is: "ended", leg: "l1" }).muted).toBe(false);
  });

  it("cannot be muted without a call", () => {
    expect(after(open, { is: "mute", on: true }).muted).toBe(false);
  });

  it("ignores word of a leg that was replaced", () => {
    const replaced = after(open, incoming("l1"), incoming("l2"));
    expect(step(replaced, { is: "ended", leg: "l1" }).call?.leg).toBe("l2");
  });

  it("takes a second leg of the same call in place of the first, and is busy for another call", () => {
    const up = after(open, incoming("l1", "c1"), { is: "up", leg: "l1" });
    expect(reception(INITIAL, { leg: "l", callId: null, answersItself: false })).toBe("take");
    expect(reception(up, { leg: "l2", callId: "c1", answersItself: true })).toBe("replace");
    expect(reception(up, { leg: "l2", callId: "c2", answersItself: true })).toBe("busy");
    expect(reception(up, { leg: "l2", callId: null, answersItself: true })).toBe("busy");
  });
});

describe("answering without a hand", () => {
  const always = () => true;

  it("needs the header, the open microphone and the floor's word", () => {
    expect(answersItself(after(open, incoming("l1", "c1", true)), always)).toBe(true);
    expect(answersItself(after(open, incoming("l1", "c1", false)), always)).toBe(false);
    expect(answersItself(after(incoming("l1", "c1", true)), always)).toBe(false);
    expect(answersItself(after(open, incoming("l1", "c1", true)), () => false)).toBe(false);
  });

  it("is asked about the very call that rings", () => {
    const asked: (string | null)[] = [];
    answersItself(after(open, incoming("l1", "c7", true)), (id) => asked.push(id) > 0);
    expect(asked).toEqual(["c7"]);
  });

  it("does not happen again for a call that was ended by hand here", () => {
    const again = after(open, incoming("l1", "c1", true), { is: "ended_by_hand", leg: "l1" }, { is: "ended", leg: "l1" }, incoming("l2", "c1", true));
    expect(answersItself(again, always)).toBe(false);
    expect(answersItself(step(step(again, { is: "ended", leg: "l2" }), incoming("l3", "c2", true)), always)).toBe(true);
  });

  it("happens once: not while it is answering already", () => {
    expect(answersItself(after(open, incoming("l1", "c1", true), { is: "answering", leg: "l1" }), always)).toBe(false);
  });
});

describe("what keeps the phone from working", () => {
  it("is named with the microphone first", () => {
    expect(hindrance(INITIAL)).toBeNull();
    expect(hindrance(after({ is: "line", state: "lost", cause: null }))).toBe("line_lost");
    expect(hindrance(after({ is: "line", state: "lost", cause: null }, { is: "microphone", state: "refused" }))).toBe("microphone_refused");
    expect(hindrance(after(open, { is: "line", state: "refused", cause: "Rejected" }))).toBe("line_refused");
  });
});

describe("the lines to the nodes of the switch, as one", () => {
  it("are on line while any of them is, whatever became of the others", () => {
    expect(wholeLine(["lost", "online"])).toBe("online");
    expect(wholeLine(["online", "refused"])).toBe("online");
  });

  it("say what is wrong when none is on line: a refusal first, for it does not mend by itself", () => {
    expect(wholeLine(["lost", "lost"])).toBe("lost");
    expect(wholeLine(["lost", "refused"])).toBe("refused");
    expect(wholeLine(["connecting", "lost"])).toBe("lost");
    expect(wholeLine(["connecting", "connecting"])).toBe("connecting");
    expect(wholeLine([])).toBe("off");
  });
});
