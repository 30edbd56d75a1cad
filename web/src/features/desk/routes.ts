import type { Feature } from "@/app/feature";

export default {
  nav: [{ to: "/desk", label: "desk.nav", icon: "Headset", any: ["desk.use"], seat: true, order: 10 }],
  routes: [{ path: "/desk", name: "desk", component: () => import("./DeskPage.vue"), meta: { any: ["desk.use"], title: "desk.title" } }],
} satisfies Feature;
