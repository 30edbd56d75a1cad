/** The softphone on JsSIP: a line to each node of the switch, for a call may come in at any. */
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";

import type { PhoneCredentials } from "@/api/types";

import { BUSY_HERE, Line } from "./line";
import { wholeLine } from "./machine";
import type { MediaCounters, Phone, PhoneEvents } from "./port";

export class JsSipPhone implements Phone {
  private lines: Line[] = [];

  constructor(
    private readonly events: PhoneEvents,
    private readonly admits: (incoming: { callId: string | null }) => boolean,
  ) {}

  start(credentials: PhoneCredentials): void {
    this.stop();
    this.events.line("connecting", null);
    const { line: told, ...events } = this.events;
    const admits = this.admits;
    const lines: Line[] = [];
    const changed = (cause: string | null) => {
      if (this.lines === lines) told(wholeLine(lines.map((line) => line.state)), cause);
    };
    for (const node of credentials.nodes) lines.push(new Line(credentials, node.ws_path, { ...events, admits, changed }));
    this.lines = lines;
  }

  stop(): void {
    if (this.lines.length === 0) return;
    const lines = this.lines;
    this.lines = [];
    for (const line of lines) line.stop();
    this.events.line("off", null);
  }

  answer(leg: string, microphone: MediaStream): void {
    this.session(leg)?.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  }

  end(leg: string): void {
    const session = this.session(leg);
    if (session === undefined || session.isEnded()) return;
    session.terminate(session.isEstablished() ? {} : { status_code: BUSY_HERE });
  }

  isOnLine(leg: string): boolean {
    return this.lines.some((line) => line.sessions.has(leg) && line.state === "online");
  }

  mute(leg: string, on: boolean): void {
    // The library must know, or it opens the track again when it renegotiates.
    const session = this.session(leg);
    if (on) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  sendDigits(leg: string, digits: string): void {
    this.session(leg)?.sendDTMF(digits, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  }

  async useMicrophone(leg: string, microphone: MediaStream): Promise<void> {
    const track = microphone.getAudioTracks()[0] ?? null;
    const connection = this.session(leg)?.connection as RTCPeerConnection | undefined;
    await connection?.getSenders()[0]?.replaceTrack(track);
  }

  async counters(leg: string): Promise<MediaCounters | null> {
    const connection = this.session(leg)?.connection as RTCPeerConnection | undefined;
    return connection ? countersOf(await connection.getStats()) : null;
  }

  private session(leg: string): RTCSession | undefined {
    return this.lines.map((line) => line.sessions.get(leg)).find((session) => session !== undefined);
  }
}

function countersOf(report: RTCStatsReport): MediaCounters {
  const counters: MediaCounters = { received: 0, lost: 0, jitterS: 0, lostThere: null, roundTripS: null };
  for (const stats of report.values() as Iterable<Record<string, unknown>>) {
    if (stats.type === "inbound-rtp") {
      counters.received = Number(stats.packetsReceived ?? 0);
      counters.lost = Number(stats.packetsLost ?? 0);
      counters.jitterS = Number(stats.jitter ?? 0);
    } else if (stats.type === "remote-inbound-rtp") {
      counters.lostThere = typeof stats.fractionLost === "number" ? stats.fractionLost : null;
      counters.roundTripS = typeof stats.roundTripTime === "number" ? stats.roundTripTime : null;
    }
  }
  return counters;
}
