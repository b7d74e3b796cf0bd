/**
 * Gemini's thought signatures among those of others. A conversation may move between providers, and a signature that a provider
 * did not make fails its request; ours are marked, so that only they go back to Gemini and others can leave them out.
 * (On tool calls the field is Gemini's alone and stays as it came.) https://ai.google.dev/gemini-api/docs/thought-signatures
 */
export const GEMINI_SIGNATURE_PREFIX = 'gemini:';

/** Google's documented stand-in for calls that Gemini 3 did not make itself; without any signature it refuses them. */
export const SKIP_VALIDATION = 'skip_thought_signature_validator';

export function wrapSignature(signature: string): string {
  return GEMINI_SIGNATURE_PREFIX + signature;
}

/** The signature as Gemini made it; undefined for another provider's. */
export function unwrapSignature(signature: string | undefined): string | undefined {
  return signature?.startsWith(GEMINI_SIGNATURE_PREFIX) ? signature.slice(GEMINI_SIGNATURE_PREFIX.length) : undefined;
}
