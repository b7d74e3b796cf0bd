import { TextDecoder } from 'node:util';
import { embeddingsSurface } from '../providers/index.ts';
import type { Reflex } from '../reflex/index.ts';
import {
  type AttemptDependencies,
  type AttemptInput,
  type AttemptResult,
  clientGone,
  contextOf,
  surfaceOf,
  written,
} from './attempt.ts';
import type { ReflexAnswer } from './cascade.ts';
import { answerWithReflex, lostOnReflex, replyOf } from './reflex-local.ts';
import { eventsOf, TranslatingRelay } from './relay.ts';
import { STREAM_HEADERS } from './stream-headers.ts';

const DEFAULT_DIMENSIONS = 256;

/** One answer of the built-in model, in process. It goes the same way as any other: journaled, metered and recorded. */
export async function attemptReflex(
  deps: AttemptDependencies,
  reflex: Reflex,
  input: AttemptInput,
  /** Large models that are connected too, best first; the notice names one. */
  otherModels: readonly string[],
  /** What a cascade has already got from it. */
  given?: ReflexAnswer,
): Promise<AttemptResult> {
  const { admitted, sink } = input;
  const at_ms = given?.at_ms ?? deps.clock.now();
  const began = given?.began_ms ?? deps.clock.mono();
  const failure = await written((done) => input.announce(done));
  if (failure) throw failure;
  const answer =
    admitted.call.surface === 'embeddings' ? await embed(reflex, input) : await chat(reflex, input, otherModels, given);
  const total_ms = deps.clock.mono() - began;
  if (sink.closed)
    return { status: 'aborted', error: clientGone(), usage: answer.usage, at_ms, total_ms, begun: false };
  return { status: 'completed', httpStatus: 200, at_ms, ttft_ms: total_ms, total_ms, begun: true, ...answer };
}

async function chat(
  reflex: Reflex,
  input: AttemptInput,
  otherModels: readonly string[],
  given?: ReflexAnswer,
): Promise<Pick<AttemptResult, 'reply' | 'closing' | 'usage' | 'text'>> {
  const { admitted, deployment, sink } = input;
  const request = given?.request ?? surfaceOf(admitted).parse(admitted.body);
  if (input.grant.imposedLimit !== undefined) request.maxOutputTokens = input.grant.imposedLimit;
  input.warnings.push(...lostOnReflex(request));
  const reply = given
    ? replyOf(deployment.model, given.reply)
    : await answerWithReflex(reflex, deployment.model, request, otherModels);
  const text = () =>
    reply.choices.map((choice) => choice.content.map((part) => ('text' in part ? part.text : '')).join('')).join('\n');
  if (!request.stream) {
    return {
      reply: JSON.stringify(surfaceOf(admitted).render(reply, request, contextOf(admitted))),
      usage: reply.usage,
      text,
    };
  }
  // It answers at once, so the stream has only to look like one; the decoder is never fed.
  const relay = new TranslatingRelay(
    { push: () => [], end: () => [] },
    surfaceOf(admitted).openStream(request, contextOf(admitted)),
  );
  const frames = relay.events(eventsOf(reply));
  if (!sink.closed) {
    sink.head(200, { ...input.headers(), ...STREAM_HEADERS });
    sink.write(frames);
  }
  return { closing: relay.finish(), usage: reply.usage, text };
}

async function embed(reflex: Reflex, input: AttemptInput): Promise<Pick<AttemptResult, 'reply' | 'usage'>> {
  const { admitted } = input;
  const request = embeddingsSurface.parse(admitted.body);
  input.warnings.push(...Object.keys(request.extra), ...(request.user === undefined ? [] : ['user']));
  const decoder = new TextDecoder();
  // Token arrays are ids of another model's tokenizer: to Reflex they are only names.
  const texts = request.input.map((item) =>
    typeof item === 'string' ? item : decoder.decode(Buffer.from(item.join(' '))),
  );
  const embedded = await reflex.embed(texts, request.dimensions ?? DEFAULT_DIMENSIONS);
  const usage = { vector: { input: embedded.usage.input }, raw: embedded.usage, source: 'provider' as const };
  const reply = { model: admitted.envelope.model, vectors: embedded.vectors.map((vector) => [...vector]), usage };
  return { reply: JSON.stringify(embeddingsSurface.render(reply, request, contextOf(admitted))), usage };
}
