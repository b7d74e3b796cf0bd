/** Where the server keeps its admin key: under TOKENWORKS_HOME, `.tokenworks` unless set. */
export const KEY_FILE = '.tokenworks/admin-key';

/** A first call that works as it stands in the folder where the server was started. */
export function firstCurl(origin: string): string {
  return [
    `curl ${origin}/v1/chat/completions \\`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    '  -H "Authorization: Bearer $(cat "${TOKENWORKS_HOME:-.tokenworks}/admin-key")" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '{"model": "reflex/default", "messages": [{"role": "user", "content": "Hello"}]}'`,
  ].join('\n');
}
