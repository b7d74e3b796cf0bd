import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { signBedrock } from './sign.ts';

const at = new Date('2026-11-24T10:20:30.456Z');
const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const request = {
  method: 'POST' as const,
  url: new URL(`https://bedrock-runtime.us-east-1.amazonaws.com/model/${encodeURIComponent(model)}/converse`),
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: Buffer.from('{"messages":[]}'),
};
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** Signature Version 4 step by step, as AWS describes it ("Create a signed AWS API request"). */
function signature(sessionToken?: string): { signed: string; signature: string } {
  const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const lines = ['host:bedrock-runtime.us-east-1.amazonaws.com', 'x-amz-date:20261124T102030Z'];
  if (sessionToken !== undefined) lines.push(`x-amz-security-token:${sessionToken}`);
  const signed = lines.map((line) => line.split(':')[0]).join(';');
  // Each path segment is encoded twice for every service but S3.
  const path = `/model/${encodeURIComponent(encodeURIComponent(model))}/converse`;
  const canonical = ['POST', path, '', ...lines, '', signed, hash(request.body)].join('\n');
  const scope = '20261124/us-east-1/bedrock/aws4_request';
  const toSign = ['AWS4-HMAC-SHA256', '20261124T102030Z', scope, hash(canonical)].join('\n');
  const key = ['20261124', 'us-east-1', 'bedrock', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  return { signed, signature: hmac(key, toSign).toString('hex') };
}

test('Signature Version 4 of a call with a colon in its path', async () => {
  const expected = signature();
  assert.deepEqual(await signBedrock(credentials, 'us-east-1', request, at), {
    'x-amz-date': '20261124T102030Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/bedrock/aws4_request, ' +
      `SignedHeaders=${expected.signed}, Signature=${expected.signature}`,
  });
});

test('temporary credentials add their token, signed', async () => {
  const headers = await signBedrock({ ...credentials, sessionToken: 'TOKEN' }, 'us-east-1', request, at);
  assert.equal(headers['x-amz-security-token'], 'TOKEN');
  assert.ok(headers.authorization?.endsWith(signature('TOKEN').signature));
});

test('a Bedrock API key is a bearer token', async () => {
  assert.deepEqual(await signBedrock({ apiKey: 'bedrock-key' }, 'us-east-1', request), {
    authorization: 'Bearer bedrock-key',
  });
});
