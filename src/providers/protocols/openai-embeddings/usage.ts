/** Usage of the embeddings API: `prompt_tokens` and an equal `total_tokens` (OpenAI API reference, CreateEmbeddingResponse). */
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import type { JsonObject } from '../../protocol.ts';
import { contradiction, count, details, reading, remainder } from '../openai-chat/usage.ts';

/** A usage object as a reading; undefined when there is none. */
export function readEmbeddingUsage(raw: unknown): UsageReading | undefined {
  return reading(raw, embeddingVector);
}

function embeddingVector(usage: JsonObject): UsageVector {
  const total = count(usage, 'total_tokens');
  // Some providers state the total alone; nothing is written, so it is what was read.
  const prompt = count(usage, 'prompt_tokens') ?? total;
  if (prompt === undefined) throw contradiction('prompt_tokens is missing');
  const completion = count(usage, 'completion_tokens') ?? 0;
  if (total !== undefined && total !== prompt + completion) {
    throw contradiction(
      `total_tokens (${total}) is not prompt_tokens (${prompt}) plus completion_tokens (${completion})`,
    );
  }
  // Ark's multimodal embeddings count pictures inside the prompt.
  const image = count(details(usage, 'prompt_tokens_details'), 'image_tokens') ?? 0;
  const vector: UsageVector = { input: remainder('prompt_tokens', prompt, image) };
  if (image > 0) vector.image_in = image;
  if (completion > 0) vector.output = completion;
  return vector;
}
