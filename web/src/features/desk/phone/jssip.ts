/** The softphone on JsSIP. Nothing else of the screens knows the library. */
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent, UA } from "jssip/lib/UA";

import type { PhoneCredentials } from "@/api/types";

import type { MediaCounters, Phone, PhoneEvents } from "./port";
import { withOneToneClock } from "./sdp";

const REGISTER_EVERY_S = 120;
// Host candidates come at once; waiting for the end of gathering costs more than 100 ms of every answer.
const GATHERING_PAUSE_MS = 20;
const BUSY_HERE = 486;

export class JsSipPhone implements Phone {
  private ua: UA | null = null;
  private readonly sessions = new Map<string, RTCSession>();
  private wasOnline = false;

  constructor(
    private readonly events: PhoneEvents,
    private readonly admits: (incoming: { callId: string | null }) => boolean,
  ) {}

  start(credentials: PhoneCredentials): void {
    this.stop();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`${scheme}://${location.host}${credentials.ws_path}`)],
      uri: credentials.uri,
      authorization_user: credentials.username,
      password: credentials.password,
      display_name: credentials.display_name,
      register: true,
      register_expires: REGISTER_EVERY_S,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: "Hujiao",
    });
    this.ua = ua;
    this.wasOnline = false;
    this.events.line("connecting", null);
    ua.on("registered", () => this.online());
    ua.on("disconnected", () => {
      if (this.ua === ua) this.events.line("lost", "socket");
    });
    ua.on("registrationFailed", (event: { cause?: string }) => {
      const cause = event.cause ?? "unknown";
      const final = cause === JsSIP.C.causes.AUTHENTICATION_ERROR || cause === JsSIP.C.causes.REJECTED;
      if (this.ua === ua) this.events.line(final ? "refused" : "lost", cause);
    });
    ua.on("newRTCSession", (event: RTCSessionEvent) => {
      if (event.originator === ("remote" as unknown)) this.incoming(event as IncomingRTCSessionEvent);
    });
    ua.start();
  }

  stop(): void {
    const ua = this.ua;
    if (ua === null) return;
    this.ua = null;
    // Away first, then the calls: else the floor would call back a phone that is just going.
    if (ua.isRegistered()) ua.unregister();
    ua.terminateSessions();
    ua.stop();
    this.events.line("off", null);
  }

  answer(leg: string, microphone: MediaStream): void {
    this.sessions.get(leg)?.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  }

  end(leg: string): void {
    const session = this.sessions.get(leg);
    if (session === undefined || session.isEnded()) return;
    session.terminate(session.isEstablished() ? {} : { status_code: BUSY_HERE });
  }

  mute(leg: string, on: boolean): void {
    // The library must know, or it opens the track again when it renegotiates.
    const session = this.sessions.get(leg);
    if (on) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  sendDigits(leg: string, digits: string): void {
    this.sessions.get(leg)?.sendDTMF(digits, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  }

  async useMicrophone(leg: string, microphone: MediaStream): Promise<void> {
    const track = microphone.getAudioTracks()[0] ?? null;
    const connection = this.sessions.get(leg)?.connection as RTCPeerConnection | undefined;
    await connection?.getSenders()[0]?.replaceTrack(track);
  }

  async counters(leg: string): Promise<MediaCounters | null> {
    const connection = this.sessions.get(leg)?.connection as RTCPeerConnection | undefined;
    return connection ? countersOf(await connection.getStats()) : null;
  }

  private online(): void {
    this.events.line("online", null);
    if (this.wasOnline) {
      // The dialog still points to the lost socket: without this the far end's BYE would never arrive.
      for (const session of this.sessions.values()) {
        if (session.isEstablished()) session.renegotiate({ useUpdate: true });
      }
    }
    this.wasOnline = true;
  }

  private incoming({ session, request }: IncomingRTCSessionEvent): void {
    const header = (name: string) => (request.getHeaders(name) as string[]).join(",");
    const callId = header("X-Hujiao-Call").trim() || null;
    if (!this.admits({ callId })) {
      session.terminate({ status_code: BUSY_HERE });
      return;
    }
    const leg = session.id;
    this.sessions.set(leg, session);
    this.listen(leg, session);
    this.events.incoming({ leg, callId, answersItself: asksForAnswer(header("Call-Info"), header("Alert-Info")) });
  }

  private listen(leg: string, session: RTCSession): void {
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const over = (event: { cause?: string }) => {
      clearTimeout(gathering);
      if (this.sessions.delete(leg)) this.events.ended(leg, event.cause ?? "unknown");
    };
    session.on("sdp", (event) => {
      event.sdp = withOneToneClock(event.sdp);
    });
    session.on("icecandidate", ({ ready }) => {
      clearTimeout(gathering);
      gathering = setTimeout(() => ready(), GATHERING_PAUSE_MS);
    });
    session.on("peerconnection", ({ peerconnection }) => this.watch(leg, session, peerconnection));
    session.on("confirmed", () => this.events.up(leg));
    session.on("ended", over);
    session.on("failed", over);
  }

  private watch(leg: string, session: RTCSession, connection: RTCPeerConnection): void {
    connection.addEventListener("track", (event) => {
      this.events.remoteAudio(leg, event.streams[0] ?? new MediaStream([event.track]));
    });
    connection.addEventListener("connectionstatechange", () => {
      // Media is dead for good; the floor sees the leg end and calls this phone again.
      if (connection.connectionState === "failed" && !session.isEnded()) session.terminate();
    });
  }
}

/** RFC-less habit of the field: `answer-after` in Call-Info or Alert-Info. */
export function asksForAnswer(callInfo: string, alertInfo: string): boolean {
  return /answer-after\s*=\s*0\b/i.test(`${callInfo},${alertInfo}`) || /info\s*=\s*alert-autoanswer/i.test(alertInfo);
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
