/** A trunk's form: what is shown, and what of it is sent. Pure. */
import type { Trunk } from "../types";

/** `secret` is only written: empty leaves the stored one. `prefixes` as typed, apart by spaces or commas. */
export type TrunkDraft = Omit<Trunk, "id" | "prefixes" | "has_secret"> & { prefixes: string; secret: string };

export const CODECS = ["alaw", "ulaw", "g722", "opus", "gsm"] as const;

export function blankTrunk(): TrunkDraft {
  return { name: "", kind: "peer", host: "", port: 5060, username: "", register: false, codecs: ["alaw", "ulaw"], caller_number: "", prefixes: "", active: true, secret: "" };
}

export function trunkDraft(trunk: Trunk): TrunkDraft {
  const { name, kind, host, port, username, register, codecs, caller_number, prefixes, active } = trunk;
  return { name, kind, host, port, username, register, codecs, caller_number, prefixes: prefixes.join(" "), active, secret: "" };
}

export function prefixesOf(typed: string): string[] {
  return [...new Set(typed.split(/[\s,;，；、]+/).filter((one) => one !== ""))];
}

/** What does not belong to the chosen kind is left out instead of being refused. */
export function trunkBody({ secret, prefixes, ...draft }: TrunkDraft): Record<string, unknown> {
  const account = draft.kind === "account";
  return {
    ...draft,
    host: account ? "" : draft.host.trim(),
    register: account ? false : draft.register,
    username: draft.username.trim(),
    caller_number: draft.caller_number.trim(),
    prefixes: prefixesOf(prefixes),
    ...(secret === "" ? {} : { secret }),
  };
}
