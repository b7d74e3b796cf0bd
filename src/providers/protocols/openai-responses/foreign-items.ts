/**
 * Conversations that began at another provider and pass through to the responses API, which verifies its reasoning items and refuses
 * fields it does not know: what this surface made of other providers' reasoning is left out.
 */
import type { Json, JsonObject } from '../../protocol.ts';
import { isObject } from '../openai-chat/fields.ts';
import { readProof } from './signature.ts';

/** Ids of reasoning items that were made here bear the operation's (render.ts, itemId). */
const OWN_ID = /^rs_op_/;

export interface Cleaned {
  input: Json[];
  leftOut: string[];
}

/** Undefined where there is nothing to leave out, which is the rule. */
export function withoutForeignItems(bytes: Uint8Array, body: JsonObject): Cleaned | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    !Array.isArray(body.input) ||
    !(text.includes('"rs_op_') || text.includes('"tw-signature:') || text.includes('"extra_content"'))
  ) {
    return undefined;
  }
  const leftOut = new Set<string>();
  const input = body.input.flatMap((item): Json[] => {
    if (!isObject(item)) return [item];
    if (isForeignReasoning(item)) {
      leftOut.add('reasoning');
      return [];
    }
    if (item.extra_content === undefined) return [item];
    leftOut.add('tool_call.signature');
    const { extra_content: _, ...rest } = item;
    return [rest];
  });
  return leftOut.size === 0 ? undefined : { input, leftOut: [...leftOut] };
}

function isForeignReasoning(item: JsonObject): boolean {
  if (item.type !== 'reasoning') return false;
  const encrypted = typeof item.encrypted_content === 'string' ? item.encrypted_content : undefined;
  return (typeof item.id === 'string' && OWN_ID.test(item.id)) || readProof(encrypted).signature !== undefined;
}
