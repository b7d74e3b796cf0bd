/** What proves a call to AWS: Signature Version 4, or a Bedrock API key. */
import { AwsV4Signer } from 'aws4fetch';
import type { SignedRequest } from '../../protocol.ts';

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string;
}

/** A key made for Bedrock alone, sent as a bearer token. */
export interface BedrockApiKey {
  apiKey: string;
}

/**
 * The headers to add to the request, names in lower case. Only the host, the body and `x-amz-*` headers are signed, so that whatever
 * sends the request may still set others. `at` is the time to sign for.
 */
export async function signBedrock(
  credentials: AwsCredentials | BedrockApiKey,
  region: string,
  request: SignedRequest,
  at: Date = new Date(),
): Promise<Record<string, string>> {
  if ('apiKey' in credentials) return { authorization: `Bearer ${credentials.apiKey}` };
  const amz = Object.entries(request.headers).filter(([name]) => name.toLowerCase().startsWith('x-amz-'));
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url.href,
    headers: Object.fromEntries(amz),
    body: request.body as Uint8Array<ArrayBuffer>,
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    sessionToken: credentials.sessionToken,
    service: 'bedrock',
    region,
    datetime: at.toISOString().replace(/[:-]|\.\d{3}/g, ''),
  });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers);
}
