import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type Callback = Schemas["CallbackOut"];
export type CallbackDetail = Schemas["CallbackPageOut"];
export type CallbackCounts = Schemas["CallbackCountsOut"];
export type CallbackState = Schemas["State"];
export type CallbackKind = Schemas["Kind"];
/** What somebody may choose; `called_again` is the customer's doing. */
export type CallbackResult = Schemas["CallbackResultIn"]["result"];
