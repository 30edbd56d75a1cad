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
  const leaving = new Set<() => Promise<void>>();
  // Chosen before the sign-in, so it counts more than what the server remembers.
  let picked: Locale | null = null;
  let signingOut = false;
  const home = computed(() => (me.value ? HOMES[me.value.person.role] : "/login"));

  function may(permission: Permission): boolean {
    return me.value?.permissions.includes(permission) ?? false;
  }

  function mayAny(permissions: Permission[]): boolean {
    return permissions.length === 0 || permissions.some(may);
  }

  function take(answer: Me): void {
    me.value = answer;
    setLocale(answer.person.locale);
  }

  /** Throws ApiError `wrong_credentials`, `too_many_attempts`. */
  async function signIn(name: string, password: string): Promise<void> {
    take(await api.post<Me>("/session", { name, password }));
    if (picked !== null) await chooseLocale(picked);
    picked = null;
  }

  /** Takes up the session of the cookie; `out` when there is none, `away` when the server cannot say. */
  async function restore(): Promise<"in" | "out" | "away"> {
    try {
      take(await api.get<Me>("/me"));
      return "in";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return "out";
      if (error.status === 0 || error.status >= 500) return "away";
      throw error;
    }
  }

  /** Ends the session after what must be left first, e.g. the desk; throws when the server does not hear it. */
  async function signOut(): Promise<void> {
    signingOut = true;
    try {
      for (const leave of leaving) await leave();
      await api.delete("/session");
      forget();
    } finally {
      signingOut = false;
    }
  }

  /** Has `leave` done before the session ends; answers the way to withdraw it. */
  function beforeSignOut(leave: () => Promise<void>): () => void {
    leaving.add(leave);
    return () => leaving.delete(leave);
  }

  function forget(): void {
    me.value = null;
  }

  /** The server says that the session is over; true when that is news, not our own doing. */
  function lost(): boolean {
    if (me.value === null || signingOut) return false;
    forget();
    return true;
  }

  async function chooseLocale(locale: Locale): Promise<void> {
    setLocale(locale);
    if (me.value === null) {
      picked = locale;
      return;
    }
    me.value.person.locale = locale;
    await api.put("/me/locale", { locale });
  }

  return { me, home, may, mayAny, signIn, restore, signOut, beforeSignOut, lost, chooseLocale };
});
