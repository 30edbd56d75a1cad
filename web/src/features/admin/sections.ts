/** The parts of administration, in the order of their navigation. */
import type { Component } from "vue";

import type { Permission } from "@/api/types";

interface Section {
  name: string;
  any: Permission[];
  page: () => Promise<Component>;
  /** A line above it in the navigation. */
  group?: boolean;
}

export const SECTIONS: readonly Section[] = [
  { name: "people", any: ["config.see", "people.edit"], page: () => import("./people/PeoplePage.vue") },
  { name: "teams", any: ["config.see"], page: () => import("./people/TeamsPage.vue") },
  { name: "skills", any: ["config.see"], page: () => import("./people/SkillsPage.vue") },
  { name: "queues", any: ["config.see"], page: () => import("./routing/QueuesPage.vue"), group: true },
  { name: "numbers", any: ["config.see"], page: () => import("./lines/NumbersPage.vue") },
  { name: "trunks", any: ["config.see"], page: () => import("./lines/TrunksPage.vue") },
  { name: "reasons", any: ["config.see"], page: () => import("./words/ReasonsPage.vue"), group: true },
  { name: "dispositions", any: ["config.see"], page: () => import("./words/DispositionsPage.vue") },
  { name: "audit", any: ["audit.see"], page: () => import("./trail/AuditPage.vue"), group: true },
  { name: "retention", any: ["config.see"], page: () => import("./trail/RetentionPage.vue") },
  { name: "system", any: ["config.see"], page: () => import("./trail/SystemPage.vue") },
];
