/**
 * Leaves only those telephone-event formats whose clock is that of the first codec.
 *
 * Asterisk 22 offers both 8 kHz and 48 kHz events; Chromium then clocks the events of an Opus call by 8 kHz, and a tone of
 * 100 ms arrives as 20 ms.
 */
export function withOneToneClock(sdp: string): string {
  const lines = sdp.split("\r\n");
  const media = lines.find((line) => line.startsWith("m=audio "));
  if (media === undefined) return sdp;
  const formats = media.split(" ").slice(3);
  const maps = new Map<string, { name: string; clock: string }>();
  for (const line of lines) {
    const map = /^a=rtpmap:(\d+) ([^/]+)\/(\d+)/.exec(line);
    if (map?.[1] && map[2] && map[3]) maps.set(map[1], { name: map[2].toLowerCase(), clock: map[3] });
  }
  // Formats below 96 may stand without a map; all that we use have 8 kHz.
  const clock = maps.get(formats[0] ?? "")?.clock ?? "8000";
  const tones = formats.filter((format) => maps.get(format)?.name === "telephone-event");
  const dropped = new Set(tones.filter((format) => maps.get(format)?.clock !== clock));
  if (dropped.size === 0 || dropped.size === tones.length) return sdp;
  return lines
    .filter((line) => !dropped.has(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/.exec(line)?.[1] ?? ""))
    .map((line) => (line === media ? [...media.split(" ").slice(0, 3), ...formats.filter((f) => !dropped.has(f))].join(" ") : line))
    .join("\r\n");
}
