import type { Component } from "vue";
import type { RouteRecordRaw } from "vue-router";

import type { Permission } from "@/api/types";

/**
 * What a feature folder gives to the application in its `routes.ts` (default export). Routes carry
 * `meta.any`: one of these permissions opens the page; without it every signed-in person may.
 */
export interface Feature {
  routes: RouteRecordRaw[];
  nav?: NavItem[];
}

export interface NavItem {
  to: string;
  /** i18n key of the word. */
  label: string;
  /** Name of an Element Plus icon component, always shown with the word. */
  icon: string;
  any: Permission[];
  order: number;
  /** Only for those with an agent's phone, and those who should have one. */
  seat?: boolean;
  /** Shown on the icon, for who sees the entry: something to be done. */
  badge?: Component;
}

declare module "vue-router" {
  interface RouteMeta {
    any?: Permission[];
    /** Seen without signing in. */
    open?: boolean;
    /** i18n key of the page's title. */
    title?: string;
  }
}
