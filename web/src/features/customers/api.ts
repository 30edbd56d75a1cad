import { api } from "@/api/client";
import type { Customer, CustomerDraft, Page, SavedCustomer } from "@/api/types";

export const EMPTY_CUSTOMER: CustomerDraft = { name: "", level: "normal", company: "", address: "", note: "", numbers: [] };

export const customersApi = {
  list: (q: string, cursor: string | null, signal?: AbortSignal) =>
    api.get<Page<Customer>>("/customers", { q, cursor, limit: 50 }, signal),
  add: (draft: CustomerDraft) => api.post<SavedCustomer>("/customers", draft),
  /** Refused (409) when somebody else changed the customer since `known` was read. */
  change: (known: Customer, draft: CustomerDraft) =>
    api.patch<SavedCustomer>(`/customers/${known.id}`, { ...draft, updated_at: known.updated_at }),
  remove: (id: string) => api.delete(`/customers/${id}`),
};

/** What is sent of a form: trimmed, without empty numbers. */
export function tidy(draft: CustomerDraft): CustomerDraft {
  return {
    name: draft.name.trim(),
    level: draft.level,
    company: draft.company.trim(),
    address: draft.address.trim(),
    note: draft.note.trim(),
    numbers: draft.numbers
      .map(({ number, label }) => ({ number: number.trim(), label: label.trim() }))
      .filter(({ number }) => number !== ""),
  };
}
