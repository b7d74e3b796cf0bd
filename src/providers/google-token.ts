/** Access tokens for Vertex AI, by google-auth-library, which is imported only when the first one is asked for. */
import { readFile } from 'node:fs/promises';
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
      throw new AppError(
        'upstream_error',
        `Provider "${options.name}": Google gave no access token; check service_account.`,
        {
          cause,
        },
      );
    }
  };
}

interface TokenClient {
  getAccessToken(): Promise<{ token?: string | null }>;
  credentials: { expiry_date?: number | null };
}

interface ServiceAccount {
  client_email: string;
  private_key: string;
}

/** The key itself, the path of a file, or (absent) what the machine is known by: Application Default Credentials. */
type KeySource = { account: ServiceAccount } | { keyFile: string } | Record<string, never>;

async function openClient(key: KeySource, fetchImplementation: typeof fetch | undefined): Promise<TokenClient> {
  const { GoogleAuth, JWT } = await import('google-auth-library');
  const transport = fetchImplementation ? { transporterOptions: { fetchImplementation } } : {};
  const account = 'account' in key ? key.account : await readKeyFile(key.keyFile);
  if (account) return new JWT({ email: account.client_email, key: account.private_key, scopes: [SCOPE], ...transport });
  const client = await new GoogleAuth({ scopes: SCOPE, ...key, clientOptions: transport }).getClient();
  return client as TokenClient;
}

/** Files of another kind (workload identity federation, a user's own login) are left to the library. */
async function readKeyFile(path: string | undefined): Promise<ServiceAccount | undefined> {
  if (path === undefined) return undefined;
  return asServiceAccount(JSON.parse(await readFile(path, 'utf8')));
}

function readServiceAccount(name: string, written: string): KeySource {
  const text = written.trim();
  if (!text.startsWith('{')) return { keyFile: text };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong(name, 'is not valid JSON');
  }
  const account = asServiceAccount(parsed);
  if (!account) throw wrong(name, 'must hold client_email and private_key, as the JSON key of a service account does');
  return { account };
}

/** Only the account and its key are taken: nothing in the JSON may say where tokens come from. */
function asServiceAccount(parsed: unknown): ServiceAccount | undefined {
  const { client_email, private_key } = (parsed ?? {}) as Partial<Record<keyof ServiceAccount, unknown>>;
  if (typeof client_email !== 'string' || typeof private_key !== 'string') return undefined;
  return { client_email, private_key };
}

function wrong(name: string, what: string): AppError {
  return new AppError('invalid_request', `Provider "${name}": service_account ${what}.`, {
    param: `providers.${name}.service_account`,
  });
}
