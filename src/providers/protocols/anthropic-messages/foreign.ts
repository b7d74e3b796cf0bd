/**
 * What other providers prove their reasoning with, inside the one field that this format's clients send back unchanged:
 * a thinking block's `signature` (or a redacted block's `data`). Written by this surface, read back by it, never by Anthropic.
 */
export type ForeignProof =
  /** Encrypted reasoning beside its readable summary, with the provider's id of it. */
  | { kind: 'encrypted'; id?: string; value: string }
  /** The signature of a tool call (Gemini), kept in an empty thinking block before the call. */
  | { kind: 'call'; id: string; value: string };

const PREFIX = 'tokenworks.';

export function writeForeign(proof: ForeignProof): string {
  const id = Buffer.from(proof.id ?? '', 'utf8').toString('base64url');
  return `${PREFIX}${proof.kind}.${id}.${proof.value}`;
}

/** `undefined` for what this surface did not write: Anthropic's own signatures. */
export function readForeign(text: string): ForeignProof | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const [kind, id, ...rest] = text.slice(PREFIX.length).split('.');
  const name = Buffer.from(id ?? '', 'base64url').toString('utf8');
  const value = rest.join('.');
  if (kind === 'call') return { kind, id: name, value };
  if (kind === 'encrypted') return { kind, ...(name === '' ? {} : { id: name }), value };
  return undefined;
}
