import type { Feature } from "@/app/feature";

export default {
  routes: [
    { path: "/login", name: "login", component: () => import("./LoginPage.vue"), meta: { open: true, title: "session.login.title" } },
    { path: "/account", name: "account", component: () => import("./AccountPage.vue"), meta: { title: "session.account.title" } },
    { path: "/forbidden", name: "forbidden", component: () => import("@/app/ForbiddenPage.vue") },
  ],
} satisfies Feature;
