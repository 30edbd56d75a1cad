import type { Feature } from "@/app/feature";

export default {
  nav: [{ to: "/customers", label: "customers.nav", icon: "UserFilled", any: ["customers.see"], order: 40 }],
  routes: [
    { path: "/customers", name: "customers", component: () => import("./CustomersPage.vue"), meta: { any: ["customers.see"], title: "customers.title" } },
  ],
} satisfies Feature;
