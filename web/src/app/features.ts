import type { Feature, NavItem } from "./feature";

const modules = import.meta.glob<Feature>("../features/*/routes.ts", { eager: true, import: "default" });

export const features: Feature[] = Object.values(modules);
export const navItems: NavItem[] = features.flatMap((feature) => feature.nav ?? []).sort((a, b) => a.order - b.order);
