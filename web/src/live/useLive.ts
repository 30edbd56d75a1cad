import { readonly, ref, shallowReactive } from "vue";

import { api } from "@/api/client";
import type { LiveAgent, LiveCall, LiveQueue } from "@/api/types";
import { clockOffsetMs } from "@/lib/time";

import { applyLive, type LiveMessage } from "./model";
import { LiveSocket } from "./socket";

const agents = shallowReactive(new Map<string, LiveAgent>());
const calls = shallowReactive(new Map<string, LiveCall>());
const queues = shallowReactive(new Map<string, LiveQueue>());
const connected = ref(false);
const ready = ref(false);
const floorUp = ref(true);

type Listener = (message: LiveMessage) => void;
const listeners = new Set<Listener>();
let socket: LiveSocket | null = null;
let onEnded: () => void = () => undefined;

function take(message: LiveMessage): void {
  if (message.t === "hello") {
    connected.value = true;
    floorUp.value = message.floor;
    clockOffsetMs.value = message.now - Date.now();
  } else if (message.t === "pong") {
    clockOffsetMs.value = message.now - Date.now();
  } else if (message.t === "floor") {
    floorUp.value = message.up;
  } else if (message.t === "session_ended") {
    onEnded();
  }
  applyLive({ agents, calls, queues }, message);
  if (message.t === "snapshot") ready.value = true;
  for (const listener of listeners) listener(message);
}

const hurry = () => socket?.hurry();
const probe = () => socket?.probe();

/** Connects for the signed-in person; `ended` is called when the server says the session is over. */
export function startLive(ended: () => void): void {
  if (socket !== null) return;
  onEnded = ended;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new LiveSocket(`${scheme}://${location.host}/api/live`, {
    message: take,
    closed: (refused) => {
      // Refused without a word: asking the API tells whether the session is over, and acts on it.
      if (!connected.value) void api.get("/me").catch(() => undefined);
      connected.value = false;
      if (refused) onEnded();
    },
  });
  window.addEventListener("online", hurry);
  window.addEventListener("offline", probe);
  socket.start();
}

export function stopLive(): void {
  window.removeEventListener("online", hurry);
  window.removeEventListener("offline", probe);
  socket?.stop();
  socket = null;
  connected.value = false;
  ready.value = false;
  agents.clear();
  calls.clear();
  queues.clear();
}

/** Hears every live message; answers the way to stop. */
export function onLive(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * What happens on the floor now, as far as this person may see it. `agents`, `calls` and `queues` are reactive
 * maps by id; `ready` is true from the first snapshot on; while `connected` is false they show the last known state.
 */
export function useLive() {
  return {
    agents: agents as ReadonlyMap<string, LiveAgent>,
    calls: calls as ReadonlyMap<string, LiveCall>,
    queues: queues as ReadonlyMap<string, LiveQueue>,
    connected: readonly(connected),
    ready: readonly(ready),
    floorUp: readonly(floorUp),
  };
}
