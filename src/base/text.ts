/** UTF-8 length without encoding. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

const SECRETS = [
  // Authorization headers and our own and the providers' keys.
  /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /\b(?:sk|tw|twp|rk|pk|xai|gsk|AIza|AKIA|ASIA)[-_A-Za-z0-9]{12,}/g,
  /("(?:api[_-]?key|authorization|x-api-key|password|secret|token)"\s*:\s*")[^"]+/gi,
  /([?&](?:key|api_key|token|access_token)=)[^&\s"]+/gi,
];

/** Text that may go into a log or an error: anything that looks like a credential is replaced by `***`. */
export function redact(text: string): string {
  let out = text;
  for (const pattern of SECRETS) {
    out = out.replace(pattern, (match, lead?: unknown) => {
      if (typeof lead !== 'string') return '***';
      return match.startsWith(lead) && /[=":]$/.test(lead) ? `${lead}***` : `${lead} ***`;
    });
  }
  return out;
}

/** The first `limit` characters, with an ellipsis where something was cut. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1))}…`;
}
