import type { Permission } from "@/api/types";
import type { Feature } from "@/app/feature";

const SEES: Permission[] = ["calls.see_own", "calls.see_team", "calls.see_all"];

export default {
  nav: [{ to: "/calls", label: "calls.nav", icon: "List", any: SEES, order: 30 }],
  routes: [
    { path: "/calls", name: "calls", component: () => import("./CallsPage.vue"), meta: { any: SEES, title: "calls.title" } },
    { path: "/calls/:id", name: "call", component: () => import("./CallPage.vue"), props: true, meta: { any: SEES, title: "calls.call_title" } },
  ],
} satisfies Feature;
