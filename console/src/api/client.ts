/** Calls to the server that this page came from. The session is a cookie that no script can read; no key is ever kept here. */

/** `offline`: no answer came at all. Otherwise the server's own code, such as `invalid_key`. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }

  get isSignedOut(): boolean {
    return this.status === 401;
  }

  get isOffline(): boolean {
    return this.code === 'offline';
  }
}

export const TIMEOUT_MS = 15_000;

export interface CallOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
}

/** Throws ApiError. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? 'GET',
      headers:
        options.body === undefined
          ? { accept: 'application/json' }
          : { accept: 'application/json', 'content-type': 'application/json' },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      credentials: 'same-origin',
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'offline', 'The server did not answer.');
  }
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Reads an error body, also one that no server of ours wrote (a proxy's HTML). */
export function errorOf(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    if (typeof error?.message === 'string') return new ApiError(status, String(error.code ?? 'unknown'), error.message);
  } catch {
    // No JSON: the status has to do.
  }
  return new ApiError(status, 'unknown', `HTTP ${status}`);
}

/** A path with a query; undefined values are left out. */
export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return `${path}?${search}`;
}
