/** How a call proves who pays for it. Keys live in the closures made here and nowhere else. */
import { AppError } from '../base/errors.ts';
import type { ProtocolName, SignedRequest } from './protocol.ts';
import { signBedrock } from './protocols/bedrock-converse/index.ts';

export interface CredentialConfig {
  name: string;
  protocol: ProtocolName;
  api_key?: string;
  region?: string;
  /** Bedrock, where `api_key` (a bearer key) is not used. */
  access_key_id?: string;
  secret_access_key?: string;
  session_token?: string;
  headers?: Record<string, string>;
}

export type Headers = Record<string, string>;
/** Headers to add to a call; a promise only where a token has to be fetched or a body to be signed. */
export type Authorize = (request: SignedRequest) => Headers | Promise<Headers>;
/** A Google access token and when it ends (milliseconds since 1970); fetched anew on each call. */
export type GoogleTokenSource = () => Promise<{ token: string; expires_ms: number }>;

const ANTHROPIC_VERSION = '2023-06-01';

/** Throws AppError `invalid_request` for keys and headers that HTTP can't carry; the message never shows them. */
export function authorizerFor(config: CredentialConfig, google: GoogleTokenSource, now: () => number): Authorize {
  const extra = readHeaders(config);
  const key = readKey(config, 'api_key');
  switch (config.protocol) {
    case 'anthropic':
      return anthropicAuthorizer(key, extra);
    case 'gemini':
      return always(key === undefined ? {} : { 'x-goog-api-key': key }, extra);
    case 'azure':
      return always(key === undefined ? {} : { 'api-key': key }, extra);
    case 'vertex':
      return key === undefined ? googleAuthorizer(google, now, extra) : always({ 'x-goog-api-key': key }, extra);
    case 'bedrock':
      return key === undefined ? bedrockAuthorizer(config, extra) : always({ authorization: `Bearer ${key}` }, extra);
    default:
      return always(key === undefined ? {} : { authorization: `Bearer ${key}` }, extra);
  }
}

function always(own: Headers, extra: Headers): Authorize {
  const headers = Object.freeze({ ...own, ...extra });
  return () => headers;
}

/** A version that the client chose stays; it may rely on what that version answers. */
function anthropicAuthorizer(key: string | undefined, extra: Headers): Authorize {
  const own: Headers = key === undefined ? {} : { 'x-api-key': key };
  const withoutVersion = Object.freeze({ ...own, ...extra });
  const withVersion = Object.freeze({ 'anthropic-version': ANTHROPIC_VERSION, ...withoutVersion });
  return (request) => (request.headers['anthropic-version'] === undefined ? withVersion : withoutVersion);
}

/** A token this close to its end is replaced while it still serves; closer than the second, calls wait for the new one. */
const RENEW_BEFORE_MS = 5 * 60_000;
const UNUSABLE_BEFORE_MS = 30_000;

function googleAuthorizer(fetchToken: GoogleTokenSource, now: () => number, extra: Headers): Authorize {
  let headers: Headers | undefined;
  let expires_ms = 0;
  let pending: Promise<Headers> | undefined;

  function renew(): Promise<Headers> {
    pending ??= fetchToken()
      .then((fetched) => {
        expires_ms = fetched.expires_ms;
        headers = Object.freeze({ authorization: `Bearer ${fetched.token}`, ...extra });
        return headers;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  }

  return () => {
    const left_ms = expires_ms - now();
    if (!headers || left_ms < UNUSABLE_BEFORE_MS) return renew();
    // A failed early renewal is tried again by the next call; the one at hand is served by the old token.
    if (left_ms < RENEW_BEFORE_MS) renew().catch(() => undefined);
    return headers;
  };
}

function bedrockAuthorizer(config: CredentialConfig, extra: Headers): Authorize {
  const accessKeyId = readKey(config, 'access_key_id');
  const secretAccessKey = readKey(config, 'secret_access_key');
  const sessionToken = readKey(config, 'session_token');
  const { region } = config;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw wrong(config, 'api_key', 'or access_key_id and secret_access_key are needed');
  }
  if (region === undefined) throw wrong(config, 'region', 'is needed to sign requests, such as "us-east-1"');
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  return async (request) => ({ ...(await signBedrock(credentials, region, request)), ...extra });
}

type KeyField = 'api_key' | 'access_key_id' | 'secret_access_key' | 'session_token';

/** The key without the line break that files end in; undefined when empty. */
function readKey(config: CredentialConfig, field: KeyField): string | undefined {
  const key = config[field]?.trim();
  if (!key) return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw wrong(config, field, 'holds a space, a line break or a character outside ASCII, which no header can carry');
  }
  return key;
}

function readHeaders(config: CredentialConfig): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(config.headers ?? {})) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw wrong(config, 'headers', `has "${name}", which is no header name`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw wrong(config, `headers.${name}`, 'holds a character no header can carry');
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function wrong(config: CredentialConfig, field: string, what: string): AppError {
  return new AppError('invalid_request', `Provider "${config.name}": ${field} ${what}.`, {
    param: `providers.${config.name}.${field}`,
  });
}
