import type { Permission } from "@/api/types";
import type { Feature } from "@/app/feature";

import OpenBadge from "./OpenBadge.vue";

const SEES: Permission[] = ["callbacks.work", "callbacks.see_all"];

export default {
  nav: [{ to: "/callbacks", label: "callbacks.nav", icon: "PhoneFilled", any: SEES, order: 35, badge: OpenBadge }],
  routes: [{ path: "/callbacks", name: "callbacks", component: () => import("./CallbacksPage.vue"), meta: { any: SEES, title: "callbacks.title" } }],
} satisfies Feature;
