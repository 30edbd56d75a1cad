import type { Permission } from "@/api/types";
import type { Feature } from "@/app/feature";
import { useSession } from "@/features/session/store";

import { SECTIONS } from "./sections";

const ANY: Permission[] = ["config.see", "people.edit", "audit.see"];

const first = () => {
  const session = useSession();
  return `/admin/${SECTIONS.find((section) => session.mayAny(section.any))?.name ?? "people"}`;
};

export default {
  nav: [{ to: "/admin", label: "admin.nav", icon: "Setting", any: ANY, order: 90 }],
  routes: [
    {
      path: "/admin",
      component: () => import("./AdminPage.vue"),
      meta: { any: ANY, title: "admin.title" },
      children: [
        { path: "", name: "admin", redirect: first },
        ...SECTIONS.map((section) => ({ path: section.name, name: `admin-${section.name}`, component: section.page, meta: { any: section.any, title: `admin.sections.${section.name}` } })),
      ],
    },
  ],
} satisfies Feature;
