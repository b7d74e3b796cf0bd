/** UTF-8 length without encoding. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

const SECRETS = [
  // Authorization headers and our own and the providers' keys.
  /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /\b(?:sk|tw|twp|rk|pk|xai|gsk|AIza|AKIA|ASIA)[-_A-Za-z0-9]{12,}/g,
  /\b(?:gh[opsu]|github_pat|glpat|xox[abp]|hf|nvapi|r8)[-_][-_A-Za-z0-9]{12,}/g,
  // A named secret as JSON (also inside a JSON string, where its quotes are escaped), as a header, or as an assignment.
  /(\\?"(?:(?:x-)?api[_-]?key|authorization|password|secret|token)\\?"\s*:\s*\\?")[^"\\]+/gi,
  /(\b(?:(?:x-(?:goog-)?)?api[_-]?key|password|passwd|secret)'?\s*[:=]\s*'?)(?!\*\*\*)[^\s"'\\,;&}]{6,}/gi,
  /([?&](?:key|api_key|token|access_token)=)[^&\s"\\]+/gi,
];

/** Text that may go into a log or an error: anything that looks like a credential is replaced by `***`. */
export function redact(text: string): string {
  let out = text;
  for (const pattern of SECRETS) {
    out = out.replace(pattern, (_match, lead?: unknown) => {
      if (typeof lead !== 'string') return '***';
      return /[a-z]$/i.test(lead) ? `${lead} ***` : `${lead}***`;
    });
  }
  return out;
}

/** `redact` in every string of a value, however deep; keys and all else stay. */
export function redactDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 8) return '…';
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'string' && SECRET_NAME.test(key) ? '***' : redactDeep(item, depth + 1),
    ]),
  );
}

const SECRET_NAME = /^(?:(?:x-)?api[_-]?key|authorization|password|secret|token)$/i;

/** Payment card numbers (13 to 19 digits, perhaps in groups, that pass Luhn's check) as `***`. */
export function hideCards(text: string): string {
  return text.replace(/(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d|\.\d)/g, (found) => (passesLuhn(found) ? '***' : found));
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && Number(digits) !== 0;
}

/** The first `limit` characters, with an ellipsis where something was cut. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1))}…`;
}
