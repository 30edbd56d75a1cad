/** Details of the audit trail as lines that can be read. Pure. */

export interface DetailLine {
  field: string;
  before: string | null;
  after: string;
}

/** Where the words of a field's codes stand. */
const CODES: Record<string, string> = {
  role: "session.roles",
  locale: "session.languages",
  level: "level",
  phone_kind: "admin.people.phone_kinds",
  strategy: "admin.queues.strategies",
  language: "admin.numbers.languages",
  kind: "admin.trunks.kinds",
  counts_as: "admin.reasons.counts_as_of",
  direction: "admin.dispositions.direction_of",
};

/** Fields that hold a moment, in ms since the epoch. */
export const MOMENTS: ReadonlySet<string> = new Set(["before"]);

/** The i18n key of a code such as `strategy: hunt`; null when the field holds no codes. */
export function wordOf(field: string, code: string): string | null {
  return CODES[field] === undefined ? null : `${CODES[field]}.${code}`;
}

/** `changed` details are field -> [before, after]; everything else is field -> value. */
export function linesOf(details: Record<string, unknown>, textOf: (value: unknown, field: string) => string): DetailLine[] {
  return Object.entries(details).filter(([field, value]) => field !== "id" && !isNothing(value)).map(([field, value]) => {
    const change = Array.isArray(value) && value.length === 2;
    return change ? { field, before: textOf(value[0], field), after: textOf(value[1], field) } : { field, before: null, after: textOf(value, field) };
  });
}

/** What a new thing has not, and what stayed empty, is not worth a line. */
function isNothing(value: unknown): boolean {
  const empty = (one: unknown) => one === null || one === undefined || one === "" || (typeof one === "object" && Object.keys(one).length === 0);
  return Array.isArray(value) && value.length === 2 ? value.every(empty) : empty(value);
}

/** A value in plain words: ids by their names, objects as a short list. */
export function valueText(value: unknown, words: { yes: string; no: string; none: string; nameOf: (id: string) => string | undefined; comma: string }): string {
  if (value === null || value === undefined || value === "") return words.none;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "string") return words.nameOf(value) ?? value;
  if (typeof value === "number") return String(value);
  const inner = (one: unknown) => valueText(one, words);
  if (Array.isArray(value)) return value.length === 0 ? words.none : value.map(inner).join(words.comma);
  const entries = Object.entries(value as Record<string, unknown>);
  return entries.length === 0 ? words.none : entries.map(([key, one]) => `${words.nameOf(key) ?? key} ${inner(one)}`).join(words.comma);
}
