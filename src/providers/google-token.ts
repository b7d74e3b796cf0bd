/** Access tokens for Vertex AI, by google-auth-library, which is imported only when the first one is asked for. */
import { AppError } from '../base/errors.ts';
import type { GoogleTokenSource } from './credentials.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Google's tokens live an hour; used where the library does not say. */
const DEFAULT_LIFE_MS = 3_600_000;

export interface GoogleTokenOptions {
  /** Provider's name, for messages. */
  name: string;
  /** A service account's key: the JSON itself, or the path of the file; absent: the machine's own identity (ADC). */
  serviceAccount: string | undefined;
  now(): number;
  /** Replaces the library's own fetch, so that the egress guard sees the call. */
  fetch?: typeof fetch;
}

export function googleTokenSource(options: GoogleTokenOptions): GoogleTokenSource {
  // Read at once, so that a wrong key is told at start and not by the first caller.
  const key = options.serviceAccount === undefined ? {} : readServiceAccount(options.name, options.serviceAccount);
  let client: Promise<TokenClient> | undefined;
  return async () => {
    client ??= openClient(key, options.fetch);
    try {
      const opened = await client;
      const { token } = await opened.getAccessToken();
      if (!token) throw new Error('no token in the answer');
      return { token, expires_ms: opened.credentials.expiry_date ?? options.now() + DEFAULT_LIFE_MS };
    } catch (cause) {
      client = undefined;
      throw new AppError('upstream_error', `Provider "${options.name}": Google gave no access token; check service_account.`, {
        cause,
      });
    }
  };
}

interface TokenClient {
  getAccessToken(): Promise<{ token?: string | null }>;
  credentials: { expiry_date?: number | null };
}

type KeySource = { keyFile: string } | { credentials: { client_email: string; private_key: string } } | Record<string, never>;

async function openClient(key: KeySource, fetchImplementation: typeof fetch | undefined): Promise<TokenClient> {
  const { GoogleAuth } = await import('google-auth-library');
  const clientOptions = fetchImplementation ? { clientOptions: { transporterOptions: { fetchImplementation } } } : {};
  const client = await new GoogleAuth({ scopes: SCOPE, ...key, ...clientOptions }).getClient();
  return client as TokenClient;
}

/** Of inline JSON only the account and its key are taken: nothing in it may say where tokens come from. */
function readServiceAccount(name: string, written: string): KeySource {
  const text = written.trim();
  if (!text.startsWith('{')) return { keyFile: text };
  let parsed: { client_email?: unknown; private_key?: unknown };
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong(name, 'is not valid JSON');
  }
  const { client_email, private_key } = parsed;
  if (typeof client_email !== 'string' || typeof private_key !== 'string') {
    throw wrong(name, 'must hold client_email and private_key, as the JSON key of a service account does');
  }
  return { credentials: { client_email, private_key } };
}

function wrong(name: string, what: string): AppError {
  return new AppError('invalid_request', `Provider "${name}": service_account ${what}.`, {
    param: `providers.${name}.service_account`,
  });
}
