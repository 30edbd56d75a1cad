/** What is heard and measured: the far end, the ring tone, levels. */

const OUTPUT = "hujiao.audio_output";
const RING_HZ = [660, 880];
const RING_ON_S = 0.22;
const RING_EVERY_MS = 2400;

export function chosenOutput(): string {
  return localStorage.getItem(OUTPUT) ?? "";
}

interface WithSink {
  setSinkId?: (id: string) => Promise<void>;
}

/** A level meter on one stream. */
class Meter {
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(
    private readonly source: MediaStreamAudioSourceNode,
    private readonly analyser: AnalyserNode,
  ) {
    this.samples = new Float32Array(analyser.fftSize);
    source.connect(analyser);
  }

  /** Root mean square of the last 40 ms or so, 0..1. */
  rms(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.sqrt(sum / this.samples.length);
  }

  close(): void {
    this.source.disconnect();
  }
}

export class Sound {
  private readonly context = new AudioContext();
  private readonly audio = document.createElement("audio");
  private remote: Meter | null = null;
  private microphone: Meter | null = null;
  private ring: ReturnType<typeof setInterval> | undefined;
  private readonly wake = () => void this.context.resume();

  /** `blocked`: the browser plays nothing before a click (true), or does now (false). */
  constructor(private readonly blocked: (is: boolean) => void) {
    this.audio.autoplay = true;
    this.audio.hidden = true;
    document.body.append(this.audio);
    // Browsers start audio only after the person did something on the page.
    window.addEventListener("pointerdown", this.wake);
    window.addEventListener("keydown", this.wake);
    void this.useOutput(chosenOutput());
  }

  /** Plays the far end. The element is needed even for the meter: Chromium feeds no audio graph without it. */
  playRemote(stream: MediaStream): void {
    this.audio.srcObject = stream;
    this.remote?.close();
    this.remote = this.meter(stream);
    void this.context.resume();
    void this.unblock();
  }

  /** Tries to play again, after a click. */
  async unblock(): Promise<void> {
    try {
      await this.audio.play();
      this.blocked(false);
    } catch (error) {
      // AbortError: the call ended meanwhile.
      this.blocked(error instanceof DOMException && error.name === "NotAllowedError");
    }
  }

  stopRemote(): void {
    this.audio.srcObject = null;
    this.remote?.close();
    this.remote = null;
    this.blocked(false);
  }

  measureMicrophone(stream: MediaStream | null): void {
    this.microphone?.close();
    this.microphone = stream === null ? null : this.meter(stream);
  }

  remoteRms(): number {
    return this.remote?.rms() ?? 0;
  }

  microphoneRms(): number {
    return this.microphone?.rms() ?? 0;
  }

  startRing(): void {
    if (this.ring !== undefined) return;
    void this.context.resume();
    this.chime();
    this.ring = setInterval(() => this.chime(), RING_EVERY_MS);
  }

  stopRing(): void {
    clearInterval(this.ring);
    this.ring = undefined;
  }

  /** Empty id: the system's choice. */
  async useOutput(deviceId: string): Promise<void> {
    localStorage.setItem(OUTPUT, deviceId);
    try {
      await (this.audio as WithSink).setSinkId?.(deviceId);
      await (this.context as unknown as WithSink).setSinkId?.(deviceId);
    } catch {
      // The device is gone: the system's choice stays in use.
    }
  }

  close(): void {
    this.stopRing();
    this.stopRemote();
    this.measureMicrophone(null);
    window.removeEventListener("pointerdown", this.wake);
    window.removeEventListener("keydown", this.wake);
    this.audio.remove();
    void this.context.close();
  }

  private meter(stream: MediaStream): Meter {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 2048;
    return new Meter(this.context.createMediaStreamSource(stream), analyser);
  }

  private chime(): void {
    const now = this.context.currentTime;
    for (const round of [0, 2 * RING_ON_S + 0.1]) {
      RING_HZ.forEach((hz, index) => {
        const tone = this.context.createOscillator();
        const loudness = this.context.createGain();
        const start = now + round + index * RING_ON_S;
        tone.frequency.value = hz;
        loudness.gain.setValueAtTime(0, start);
        loudness.gain.linearRampToValueAtTime(0.18, start + 0.02);
        loudness.gain.exponentialRampToValueAtTime(0.001, start + RING_ON_S);
        tone.connect(loudness).connect(this.context.destination);
        tone.start(start);
        tone.stop(start + RING_ON_S);
      });
    }
  }
}
