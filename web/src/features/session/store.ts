import { defineStore } from "pinia";
import { computed, ref } from "vue";

import { api, ApiError } from "@/api/client";
import type { Locale, Me, Permission, Role } from "@/api/types";
import { setLocale } from "@/i18n";

const HOMES: Record<Role, string> = {
  agent: "/desk",
  team_leader: "/board",
  shift_leader: "/board",
  supervisor: "/board",
  manager: "/board",
  quality: "/calls",
  admin: "/admin",
};

/** Who is signed in and what he may do. */
export const useSession = defineStore("session", () => {
  const me = ref<Me | null>(null);
  const home = computed(() => (me.value ? HOMES[me.value.person.role] : "/login"));

  function may(permission: Permission): boolean {
    return me.value?.permissions.includes(permission) ?? false;
  }

  function mayAny(permissions: Permission[]): boolean {
    return permissions.length === 0 || permissions.some(may);
  }

  function take(answer: Me): void {
    me.value = answer;
    if (answer.person.locale) setLocale(answer.person.locale);
  }

  /** Throws ApiError `wrong_credentials`, `too_many_attempts`. */
  async function signIn(name: string, password: string): Promise<void> {
    take(await api.post<Me>("/session", { name, password }));
  }

  /** Takes up the session of the cookie; false when there is none. */
  async function restore(): Promise<boolean> {
    try {
      take(await api.get<Me>("/me"));
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 0 || error.status >= 500)) return false;
      throw error;
    }
  }

  async function signOut(): Promise<void> {
    await api.delete("/session");
    forget();
  }

  function forget(): void {
    me.value = null;
  }

  async function chooseLocale(locale: Locale): Promise<void> {
    setLocale(locale);
    if (me.value) {
      me.value.person.locale = locale;
      await api.put("/me/locale", { locale });
    }
  }

  return { me, home, may, mayAny, signIn, restore, signOut, forget, chooseLocale };
});
