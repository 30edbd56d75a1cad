type Words = Record<string, unknown>;

/** File path -> words, put together as language -> words; a feature's words below the feature's folder name. */
export function merged(files: Record<string, Words>): Record<string, Words> {
  const all: Record<string, Words> = {};
  for (const [path, words] of Object.entries(files)) {
    const language = /([^/]+)\.json$/.exec(path)?.[1] ?? "";
    const feature = /features\/([^/]+)\//.exec(path)?.[1];
    const target = (all[language] ??= {});
    if (feature === undefined) Object.assign(target, words);
    else target[feature] = words;
  }
  return all;
}
