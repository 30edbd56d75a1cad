/** `samples` (0..1) as `count` bars, each as loud as the loudest sample in it. */
export function barsOf(samples: readonly number[], count: number): number[] {
  if (samples.length === 0) return new Array<number>(count).fill(0);
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * samples.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * samples.length) / count));
    let loud = 0;
    for (let at = from; at < to; at += 1) loud = Math.max(loud, samples[at] ?? 0);
    return Math.min(1, loud);
  });
}
