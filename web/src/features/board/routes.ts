import type { Feature } from "@/app/feature";

export default {
  nav: [{ to: "/board", label: "board.nav", icon: "DataBoard", any: ["board.see"], order: 20 }],
  routes: [{ path: "/board", name: "board", component: () => import("./BoardPage.vue"), meta: { any: ["board.see"], title: "board.title" } }],
} satisfies Feature;
