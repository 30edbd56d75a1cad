import type { LiveMessage } from "./model";

const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const PROBE_WITHIN_MS = 3_000;
const RETRY_MIN_MS = 400;
const RETRY_MAX_MS = 10_000;

export interface LiveSocketEvents {
  message: (message: LiveMessage) => void;
  /** `refused`: the server closed it because the session is over; no further attempt is made. */
  closed: (refused: boolean) => void;
}

/** A WebSocket to /api/live that comes back by itself until `stop`. */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private stopped = false;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private ping: ReturnType<typeof setInterval> | undefined;
  private pong: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly events: LiveSocketEvents,
    private readonly open: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.quiet();
    clearTimeout(this.retry);
    this.socket?.close();
    this.socket = null;
  }

  /** Tries now instead of at the end of the pause, e.g. when the machine is on line again. */
  hurry(): void {
    if (this.stopped || this.socket !== null) return;
    clearTimeout(this.retry);
    this.connect();
  }

  /** Asks whether the way is still there, and does not wait long, e.g. when the machine believes itself off line. */
  probe(): void {
    if (this.socket !== null) this.sendPing(this.socket, PROBE_WITHIN_MS);
  }

  private connect(): void {
    const socket = this.open(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.ping = setInterval(() => this.sendPing(socket), PING_EVERY_MS);
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as LiveMessage;
      if (message.t === "hello") this.failures = 0;
      if (message.t === "pong") clearTimeout(this.pong);
      this.events.message(message);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  private sendPing(socket: WebSocket, withinMs = PONG_WITHIN_MS): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ t: "ping" }));
    clearTimeout(this.pong);
    this.pong = setTimeout(() => {
      // A dead path may never say so: give it up without waiting for the close handshake.
      this.lost(0);
      socket.close();
    }, withinMs);
  }

  private lost(code: number): void {
    this.quiet();
    this.socket = null;
    if (this.stopped) return;
    const refused = code === 4401 || code === 4403 || code === 1008;
    this.events.closed(refused);
    if (refused) return;
    this.failures += 1;
    const pause = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(this.failures - 1, 6));
    // Spread the return of a whole floor after a restart.
    this.retry = setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
  }

  private quiet(): void {
    clearInterval(this.ping);
    clearTimeout(this.pong);
  }
}
