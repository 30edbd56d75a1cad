import { fileURLToPath, URL } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// The backend of a developer's machine; `npm run mock` listens on the default.
const backend = process.env.HUJIAO_BACKEND ?? "http://127.0.0.1:18099";

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: backend, ws: true, changeOrigin: false } },
  },
  build: {
    target: "es2022",
    // Element Plus is taken whole: one cached file instead of a build that guesses what is used.
    chunkSizeWarningLimit: 1400,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "element-plus", test: /node_modules[\\/](@?element-plus|@floating-ui|@popperjs|lodash|async-validator|dayjs)/ },
            { name: "vue", test: /node_modules[\\/](@?vue|@intlify|pinia|@tanstack)/ },
          ],
        },
      },
    },
  },
});
