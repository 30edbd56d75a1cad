import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";

import { useSession } from "@/features/session/store";

import AppShell from "./AppShell.vue";
import AwayPage from "./AwayPage.vue";
import { features } from "./features";
import { recoverLoading } from "./recoverLoading";

const all = features.flatMap((feature) => feature.routes);
const open = all.filter((route) => route.meta?.open);
const inside = all.filter((route) => !route.meta?.open);

const routes: RouteRecordRaw[] = [
  ...open,
  { path: "/away", name: "away", component: AwayPage, meta: { open: true } },
  {
    path: "/",
    component: AppShell,
    children: [
      { path: "", name: "home", redirect: () => useSession().home },
      ...inside,
      { path: ":rest(.*)*", name: "missing", component: () => import("./MissingPage.vue") },
    ],
  },
];

export const router = createRouter({ history: createWebHistory(), routes });

router.beforeEach(async (to) => {
  const session = useSession();
  if (to.meta.open) return true;
  const found = session.me === null ? await session.restore() : "in";
  if (found !== "in") return { name: found === "out" ? "login" : "away", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  if (to.meta.any && !session.mayAny(to.meta.any)) return { name: "forbidden", query: { from: to.fullPath } };
  return true;
});

recoverLoading(router);
