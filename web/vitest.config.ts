import { mergeConfig, defineConfig } from "vitest/config";

import vite from "./vite.config.ts";

export default mergeConfig(
  vite,
  defineConfig({
    test: { environment: "happy-dom", include: ["tests/**/*.test.ts"], maxWorkers: 1, server: { deps: { inline: ["element-plus"] } } },
  }),
);
