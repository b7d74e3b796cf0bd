/**
 * Proofs of reasoning on their way through clients of the responses API. A reasoning item has one opaque field, `encrypted_content`,
 * which clients send back unread; a signature of another provider travels there behind a mark of ours.
 */
import type { Part } from '../../protocol.ts';

const MARK = 'tw-signature:';

type ReasoningPart = Extract<Part, { type: 'reasoning' }>;

export function writeProof(part: Pick<ReasoningPart, 'signature' | 'encrypted'>): string | undefined {
  return part.signature === undefined ? part.encrypted : MARK + part.signature;
}

export function readProof(encrypted: string | undefined): Pick<ReasoningPart, 'signature' | 'encrypted'> {
  if (encrypted === undefined) return {};
  return encrypted.startsWith(MARK) ? { signature: encrypted.slice(MARK.length) } : { encrypted };
}
