/** One node's line of the softphone, on JsSIP: the socket, the registration, the calls that came in over it. */
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent, UA } from "jssip/lib/UA";

import type { PhoneCredentials } from "@/api/types";

import type { LineState, PhoneEvents } from "./port";
import { withOneToneClock } from "./sdp";

const REGISTER_EVERY_S = 120;
/** A node that was started anew does not know us at first, and the library asks only once. */
const ASK_AGAIN_MS = 3000;
// Host candidates come at once; waiting for the end of gathering costs more than 100 ms of every answer.
const GATHERING_PAUSE_MS = 20;
export const BUSY_HERE = 486;

export interface LineEvents extends Omit<PhoneEvents, "line"> {
  changed: (cause: string | null) => void;
  admits: (incoming: { callId: string | null }) => boolean;
}

export class Line {
  state: LineState = "connecting";
  readonly sessions = new Map<string, RTCSession>();
  private readonly ua: UA;
  private wasOnline = false;
  private stopped = false;
  private askAgain: ReturnType<typeof setTimeout> | undefined;

  constructor(
    credentials: PhoneCredentials,
    wsPath: string,
    private readonly events: LineEvents,
  ) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(`${scheme}://${location.host}${wsPath}`)],
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
    this.ua.on("registered", () => this.online());
    this.ua.on("disconnected", () => this.become("lost", "socket"));
    this.ua.on("registrationFailed", (event: { cause?: string }) => this.failed(event.cause ?? "unknown"));
    this.ua.on("newRTCSession", (event: RTCSessionEvent) => {
      if (event.originator === ("remote" as unknown)) this.incoming(event as IncomingRTCSessionEvent);
    });
    this.ua.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.askAgain);
    // Away first, then the calls: else the floor would call back a phone that is just going.
    if (this.ua.isRegistered()) this.ua.unregister();
    this.ua.terminateSessions();
    this.ua.stop();
  }

  private become(state: LineState, cause: string | null): void {
    if (this.stopped) return;
    this.state = state;
    this.events.changed(cause);
  }

  private failed(cause: string): void {
    const final = cause === JsSIP.C.causes.AUTHENTICATION_ERROR || cause === JsSIP.C.causes.REJECTED;
    this.become(final ? "refused" : "lost", cause);
    clearTimeout(this.askAgain);
    if (!this.stopped) this.askAgain = setTimeout(() => this.ua.isConnected() && this.ua.register(), ASK_AGAIN_MS);
  }

  private online(): void {
    clearTimeout(this.askAgain);
    this.become("online", null);
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
    if (!this.events.admits({ callId })) {
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
