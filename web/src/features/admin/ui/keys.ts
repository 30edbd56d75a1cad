import type { InjectionKey, Ref } from "vue";

/** What the server found wrong: given by the drawer to the fields in it. */
export const faultsKey: InjectionKey<Ref<Record<string, string>>> = Symbol("faults");
