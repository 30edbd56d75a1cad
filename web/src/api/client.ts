/** The one way from the screens to the server. */

/** A refusal of the server, or no answer at all (`id` is then `network`). `id` is stable and translated by `errors.<id>`. */
export class ApiError extends Error {
  readonly status: number;
  readonly id: string;
  readonly details: Record<string, unknown>;

  constructor(status: number, id: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.id = id;
    this.details = details;
  }
}

/** A list names its key once for each of its values. */
export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** The page may go away before the answer comes. */
  keepalive?: boolean;
}

let onSessionLost: () => void = () => undefined;

/** What to do when a request other than the sign-in is answered 401. */
export function whenSessionLost(action: () => void): void {
  onSessionLost = action;
}

/** `path` below /api with its query; empty values are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) search.append(key, String(one));
    else if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `/api${path}${text === "" ? "" : `?${text}`}`;
}

/** Sends a request; answers the parsed body (undefined for 204). Throws ApiError. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") headers["x-hujiao"] = "1";
  if (options.body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(apiUrl(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      keepalive: options.keepalive,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "network", String(error));
  }
  if (!response.ok) throw await refusal(response, path);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function refusal(response: Response, path: string): Promise<ApiError> {
  const body = await parsed(response);
  const fallback = response.status >= 500 ? "server" : `http_${response.status}`;
  const error = new ApiError(
    response.status,
    typeof body.error === "string" ? body.error : fallback,
    typeof body.message === "string" ? body.message : response.statusText,
    typeof body.details === "object" && body.details !== null ? (body.details as Record<string, unknown>) : {},
  );
  if (response.status === 401 && path !== "/session") onSessionLost();
  return error;
}

async function parsed(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", path, { query, signal }),
  post: <T = void>(path: string, body?: unknown) => request<T>("POST", path, { body }),
  put: <T = void>(path: string, body?: unknown) => request<T>("PUT", path, { body }),
  patch: <T = void>(path: string, body?: unknown) => request<T>("PATCH", path, { body }),
  delete: <T = void>(path: string) => request<T>("DELETE", path),
};
