/** Text that PostgreSQL holds: it has no NUL and only whole surrogate pairs; what it can't hold becomes U+FFFD. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The same for JSON text, where both appear as escapes; a backslash before the escape's own makes it plain text. */
export function storableJson(json: string): string {
  if (!json.includes('\\u0000') && !/\\ud/i.test(json)) return json;
  return json.replace(/\\(?:u(0000|d[89a-f][0-9a-f]{2})|[\s\S])/gi, (match, bad?: string) =>
    bad === undefined ? match : '\uFFFD',
  );
}

/** Names come from callers and may be megabytes; what is indexed or summed by is cut. An index entry holds 2,704 bytes, UTF-8 takes four a letter. */
export const MAX_NAME = 512;

export function name(text: string): string {
  return storable(text.length <= MAX_NAME ? text : text.slice(0, MAX_NAME));
}
