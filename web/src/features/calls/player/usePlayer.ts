/** A recording: its shape, its sound, and which of the two voices is heard. */
import { useQuery } from "@tanstack/vue-query";
import { computed, onBeforeUnmount, onMounted, ref, watch, type Ref } from "vue";

import { api, ApiError, apiUrl } from "@/api/client";

import type { Peaks } from "../types";

export const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const;
export const VOICES = ["both", "customer", "agent"] as const;
export type Voice = (typeof VOICES)[number];

const PENDING_RETRY_MS = 3_000;
const STEP_S = 5;

/** `path` of the API has `/peaks` and `/recording` below it. */
export function usePlayer(path: string, audio: Ref<HTMLAudioElement | null>) {
  const peaks = useQuery({
    queryKey: ["peaks", path],
    queryFn: ({ signal }) => api.get<Peaks>(`${path}/peaks`, {}, signal),
    staleTime: Infinity,
    retry: false,
    refetchInterval: (query) => (isPending(query.state.error) ? PENDING_RETRY_MS : false),
  });
  const pending = computed(() => isPending(peaks.error.value));
  const source = computed(() => (peaks.data.value ? apiUrl(`${path}/recording`) : undefined));

  const playing = ref(false);
  const position = ref(0);
  const duration = computed(() => (peaks.data.value?.duration_ms ?? 0) / 1000);
  const speed = ref<number>(1);
  const voice = ref<Voice>("both");
  const broken = ref(false);
  const mixer = useMixer(audio, voice);

  async function toggle(): Promise<void> {
    const element = audio.value;
    if (!element || source.value === undefined) return;
    if (!element.paused) {
      element.pause();
      return;
    }
    mixer.ready();
    await element.play().catch(() => undefined);
  }

  function seek(seconds: number): void {
    if (!audio.value) return;
    const at = Math.min(Math.max(0, seconds), duration.value);
    audio.value.currentTime = at;
    position.value = at;
  }

  const jump = (direction: 1 | -1) => seek(position.value + direction * STEP_S);
  function faster(direction: 1 | -1): void {
    const at = SPEEDS.findIndex((one) => one === speed.value) + direction;
    speed.value = SPEEDS[Math.min(Math.max(0, at), SPEEDS.length - 1)] ?? 1;
  }

  watch([speed, audio], () => {
    if (audio.value) audio.value.playbackRate = speed.value;
  });
  useFrames(playing, () => (position.value = audio.value?.currentTime ?? 0));

  const on = {
    play: () => (playing.value = true),
    pause: () => (playing.value = false),
    ended: () => (playing.value = false),
    error: () => (broken.value = source.value !== undefined),
    loadedmetadata: () => {
      if (audio.value) audio.value.playbackRate = speed.value;
    },
  };
  return { peaks, pending, source, playing, position, duration, speed, voice, broken, toggle, seek, jump, faster, on };
}

function isPending(error: unknown): boolean {
  return error instanceof ApiError && error.id === "recording_pending";
}

/** Calls `draw` on every frame while something plays. */
function useFrames(playing: Ref<boolean>, draw: () => void): void {
  let frame = 0;
  const step = () => {
    draw();
    if (playing.value) frame = requestAnimationFrame(step);
  };
  watch(playing, (on) => {
    cancelAnimationFrame(frame);
    if (on) step();
    else draw();
  });
  onBeforeUnmount(() => cancelAnimationFrame(frame));
}

/** Puts the chosen voice on both ears: with one ear in the headset nobody is missed. */
function useMixer(audio: Ref<HTMLAudioElement | null>, voice: Ref<Voice>) {
  let context: AudioContext | null = null;
  let gains: [GainNode, GainNode] | null = null;

  function set(): void {
    if (!gains) return;
    gains[0].gain.value = voice.value === "agent" ? 0 : 1;
    gains[1].gain.value = voice.value === "customer" ? 0 : 1;
  }

  /** Browsers let sound begin only after a click: then is the time to build this. */
  function ready(): void {
    if (context !== null) {
      void context.resume();
      return;
    }
    if (!audio.value || typeof AudioContext === "undefined") return;
    context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    const mono = new GainNode(context, { channelCount: 1, channelCountMode: "explicit" });
    gains = [context.createGain(), context.createGain()];
    context.createMediaElementSource(audio.value).connect(splitter);
    gains.forEach((gain, side) => splitter.connect(gain, side).connect(mono));
    mono.connect(context.destination);
    set();
  }

  watch(voice, set);
  onBeforeUnmount(() => void context?.close());
  return { ready };
}

/** Space and arrows work on the whole page, unless somebody writes or is on another button. */
export function usePlayerKeys(player: Pick<ReturnType<typeof usePlayer>, "toggle" | "jump" | "faster">, active: () => boolean): void {
  function press(event: KeyboardEvent): void {
    const target = event.target as HTMLElement | null;
    if (!active() || event.altKey || event.ctrlKey || event.metaKey) return;
    if (target?.closest("input, textarea, select, [contenteditable], .el-select, [role=dialog]")) return;
    const act: Record<string, () => unknown> = { " ": player.toggle, ArrowLeft: () => player.jump(-1), ArrowRight: () => player.jump(1), ArrowUp: () => player.faster(1), ArrowDown: () => player.faster(-1) };
    const wanted = act[event.key];
    if (!wanted || (event.key === " " && target?.closest("button, a, summary"))) return;
    // The page itself scrolls with the vertical arrows.
    if (event.key.startsWith("Arrow") && ["ArrowUp", "ArrowDown"].includes(event.key) && !target?.closest(".player")) return;
    event.preventDefault();
    wanted();
  }
  onMounted(() => document.addEventListener("keydown", press));
  onBeforeUnmount(() => document.removeEventListener("keydown", press));
}
