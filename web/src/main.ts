import "element-plus/dist/index.css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "@/ui/tokens.css";
import "@/app/theme";

import { VueQueryPlugin } from "@tanstack/vue-query";
import ElementPlus from "element-plus";
import { createPinia } from "pinia";
import { createApp } from "vue";

import { ApiError, whenSessionLost } from "@/api/client";
import App from "@/app/App.vue";
import { router } from "@/app/router";
import { useSession } from "@/features/session/store";
import { i18n } from "@/i18n";

const app = createApp(App);
app.use(createPinia());
app.use(i18n);
app.use(ElementPlus);
app.use(VueQueryPlugin, {
  queryClientConfig: {
    defaultOptions: {
      // The server may be reached where the browser believes itself off line; if not, that is an error to be told.
      mutations: { networkMode: "always" },
      queries: {
        networkMode: "always",
        staleTime: 5_000,
        // A refusal stays a refusal; only a server that did not answer is asked again.
        retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
      },
    },
  },
});
app.use(router);

whenSessionLost(() => {
  if (!useSession().lost()) return;
  void router.push({ path: "/login", query: { ended: "1", to: router.currentRoute.value.fullPath } });
});

app.mount("#app");
