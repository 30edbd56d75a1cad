import { describe, expect, it } from "vitest";

import { asksForAnswer } from "@/features/desk/phone/line";
import { refusalOf } from "@/features/desk/phone/microphone";
import type { MediaCounters } from "@/features/desk/phone/port";
import { quality } from "@/features/desk/phone/quality";
import { withOneToneClock } from "@/features/desk/phone/sdp";

const offer = (formats: string) =>
  [
    "v=0",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${formats}`,
    "a=rtpmap:107 opus/48000/2",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=rtpmap:110 telephone-event/48000",
    "a=fmtp:110 0-16",
    "",
  ].join("\r\n");

describe("tones in the session description", () => {
  it("keep the clock of Opus when Opus comes first", () => {
    const kept = withOneToneClock(offer("107 8 101 110"));
    expect(kept).toContain("m=audio 9 UDP/TLS/RTP/SAVPF 107 8 110");
    expect(kept).not.toContain(":101 ");
    expect(kept).toContain("a=fmtp:110 0-16");
  });

  it("keep the clock of A-law when A-law comes first", () => {
    const kept = withOneToneClock(offer("8 107 101 110"));
    expect(kept).toContain("SAVPF 8 107 101\r\n");
    expect(kept).not.toContain("telephone-event/48000");
  });

  it("stay when there is only one clock, even if it is another", () => {
    const sdp = offer("107 101").replace("a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-16\r\n", "");
    expect(withOneToneClock(sdp)).toBe(sdp);
  });

  it("are no matter where there is no audio", () => {
    expect(withOneToneClock("v=0\r\n")).toBe("v=0\r\n");
  });
});

describe("the request to answer by itself", () => {
  it("is read from both headers and only when it means at once", () => {
    expect(asksForAnswer("<sip:127.0.0.1>;answer-after=0", "")).toBe(true);
    expect(asksForAnswer("", "info=alert-autoanswer")).toBe(true);
    expect(asksForAnswer("<sip:127.0.0.1>;answer-after=5", "")).toBe(false);
    expect(asksForAnswer("", "")).toBe(false);
  });
});

describe("the quality of a call", () => {
  const at = (received: number, lost: number, more: Partial<MediaCounters> = {}): MediaCounters => ({ received, lost, jitterS: 0.005, lostThere: null, roundTripS: 0.02, ...more });

  it("is judged by what changed since the last look", () => {
    expect(quality(at(1000, 500), at(1100, 500))).toBe("good");
    expect(quality(at(0, 0), at(97, 3))).toBe("fair");
    expect(quality(at(0, 0), at(90, 10))).toBe("poor");
    expect(quality(at(0, 0), at(100, 0, { lostThere: 0.1 }))).toBe("poor");
    expect(quality(at(0, 0), at(100, 0, { jitterS: 0.05 }))).toBe("fair");
    expect(quality(at(0, 0), at(100, 0, { roundTripS: 0.5 }))).toBe("fair");
  });

  it("is none when nothing arrives", () => {
    expect(quality(at(100, 0), at(100, 0))).toBe("none");
  });
});

describe("a refused microphone", () => {
  it("is told apart by what can be done about it", () => {
    const named = (name: string) => Object.assign(new Error(), { name });
    expect(refusalOf(named("NotAllowedError"))).toBe("refused");
    expect(refusalOf(named("NotFoundError"))).toBe("none");
    expect(refusalOf(named("NotReadableError"))).toBe("busy");
    expect(refusalOf("?")).toBe("busy");
  });
});
