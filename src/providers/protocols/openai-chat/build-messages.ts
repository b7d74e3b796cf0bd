/** Messages of the common language, written as chat completions take them. */
import { AppError } from '../../../base/errors.ts';
import type { ApiTarget, ChatRequest, JsonObject, Message, Part, Quirks } from '../../protocol.ts';
import { audioFormat, writeReasoningDetail } from './content.ts';
import { dataUrl, invalid } from './fields.ts';

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

/** Writes all messages; what gets lost on the way is added to `warnings` by name. */
export function buildMessages(request: ChatRequest, target: ApiTarget, warnings: Set<string>): JsonObject[] {
  const writer = new MessageWriter(target, warnings);
  for (const [index, message] of request.messages.entries()) writer.add(message, `messages[${index}]`);
  return writer.finish();
}

/**
 * Where earlier reasoning goes back to the provider: the field it names, or the usual one where it has a switch of its own for thinking
 * (those providers read it, some require it between tool calls). OpenAI has no such field and refuses fields it does not know.
 */
function sentReasoningField(quirks: Quirks): string | undefined {
  if (quirks.reasoningField !== undefined) return quirks.reasoningField;
  if (quirks.reasoningParam === 'reasoning') return 'reasoning';
  const thinks = quirks.reasoningParam === 'thinking' || quirks.reasoningParam === 'enable_thinking';
  return thinks ? 'reasoning_content' : undefined;
}

class MessageWriter {
  readonly #target: ApiTarget;
  readonly #warnings: Set<string>;
  readonly #out: JsonObject[] = [];
  /** Media that tools returned: tool messages carry text only, and must follow their call without a gap. */
  #held: JsonObject[] = [];

  constructor(target: ApiTarget, warnings: Set<string>) {
    this.#target = target;
    this.#warnings = warnings;
  }

  add(message: Message, path: string): void {
    const results = message.content.filter((part) => part.type === 'tool_result');
    for (const result of results) this.#addResult(result, path);
    const rest = message.content.filter((part) => part.type !== 'tool_result');
    if (message.role === 'tool' || (rest.length === 0 && results.length > 0)) {
      if (rest.length > 0) throw invalid(path, 'a tool message may hold tool results only.');
      return;
    }
    this.#releaseHeld();
    if (message.role === 'assistant') this.#addAssistant(message, rest, path);
    else this.#out.push(this.#named({ role: this.#role(message), content: this.#content(rest, path) }, message));
  }

  finish(): JsonObject[] {
    this.#releaseHeld();
    return this.#out;
  }

  #role(message: Message): string {
    if (message.role !== 'developer' && message.role !== 'system') return message.role;
    return this.#target.quirks.developerRole ? message.role : 'system';
  }

  #named(out: JsonObject, message: Message): JsonObject {
    if (message.name !== undefined) out.name = message.name;
    return out;
  }

  #releaseHeld(): void {
    if (this.#held.length === 0) return;
    this.#out.push({ role: 'user', content: this.#held });
    this.#held = [];
  }

  #addResult(result: PartOf<'tool_result'>, path: string): void {
    if (result.isError) this.#warnings.add('tool_result.is_error');
    if (result.cache) this.#warnings.add('cache_control');
    const texts = result.content.filter((part) => part.type === 'text');
    const media = result.content.filter((part) => part.type !== 'text');
    if (media.length > 0) {
      this.#held.push({ type: 'text', text: `Output of tool call ${result.callId}:` });
      this.#held.push(...media.map((part) => this.#part(part, path)));
    }
    this.#out.push({ role: 'tool', tool_call_id: result.callId, content: this.#joined(texts) });
  }

  #addAssistant(message: Message, parts: Part[], path: string): void {
    const out: JsonObject = { role: 'assistant', content: null };
    const texts = parts.filter((part) => part.type === 'text');
    if (texts.length > 0) out.content = texts.map((part) => part.text).join('');
    if (texts.some((part) => part.cache)) this.#warnings.add('cache_control');
    const refusal = parts.filter((part) => part.type === 'refusal').map((part) => part.text);
    if (refusal.length > 0) out.refusal = refusal.join('');
    this.#addReasoning(out, parts);
    const calls = parts.filter((part) => part.type === 'tool_call');
    if (calls.length > 0) out.tool_calls = calls.map((call) => this.#call(call));
    if (parts.some((part) => part.type === 'image' || part.type === 'audio' || part.type === 'file')) {
      throw invalid(
        path,
        'media that a model made earlier can not be sent back to this model; send it in a user message.',
      );
    }
    // A turn of reasoning alone, of which nothing was carried over, would be an empty message, which is refused.
    if (out.content === null && calls.length === 0 && refusal.length === 0) out.content = '';
    this.#out.push(this.#named(out, message));
  }

  #addReasoning(out: JsonObject, parts: Part[]): void {
    const reasoning = parts.filter((part) => part.type === 'reasoning');
    if (reasoning.length === 0) return;
    const { quirks } = this.#target;
    const proven = reasoning.some((part) => part.signature !== undefined || part.encrypted !== undefined);
    if (quirks.reasoningParam === 'reasoning' && proven) {
      out.reasoning_details = reasoning.map((part, index) => writeReasoningDetail(part, index));
      return;
    }
    const field = sentReasoningField(quirks);
    const text = reasoning.map((part) => part.text).join('');
    if (field !== undefined && text !== '') out[field] = text;
    if (field === undefined || text === '') this.#warnings.add('reasoning');
    if (proven) this.#warnings.add('reasoning.signature');
  }

  #call(call: PartOf<'tool_call'>): JsonObject {
    if (call.signature !== undefined) this.#warnings.add('tool_call.signature');
    if (call.cache) this.#warnings.add('cache_control');
    // An empty text is no JSON, and is how some models write "no arguments".
    const json = call.arguments === '' ? '{}' : call.arguments;
    return { id: call.id, type: 'function', function: { name: call.name, arguments: json } };
  }

  /** Text alone goes as a string, which every provider reads; media makes it a list. */
  #content(parts: Part[], path: string): string | JsonObject[] {
    if (parts.every((part) => part.type === 'text')) return this.#joined(parts);
    return parts.map((part) => this.#part(part, path));
  }

  #joined(texts: PartOf<'text'>[]): string {
    if (texts.some((part) => part.cache)) this.#warnings.add('cache_control');
    if (texts.some((part) => part.citations !== undefined)) this.#warnings.add('citations');
    return texts.map((part) => part.text).join('\n\n');
  }

  #part(part: Part, path: string): JsonObject {
    if ('cache' in part && part.cache) this.#warnings.add('cache_control');
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'image':
        return this.#image(part, path);
      case 'audio':
        if (part.source.kind !== 'base64') throw unsent(path, 'sound', 'as base64 data');
        return { type: 'input_audio', input_audio: { data: part.source.data, format: audioFormat(part) } };
      case 'file':
        return { type: 'file', file: this.#file(part, path) };
      default:
        throw invalid(path, `a part of type ${part.type} can not stand in this message.`);
    }
  }

  #image(part: PartOf<'image'>, path: string): JsonObject {
    const { source } = part;
    if (source.kind === 'file_id') throw unsent(path, 'an image by file id', 'by URL or as base64 data');
    const url = source.kind === 'url' ? source.url : dataUrl(source.mediaType, source.data);
    return { type: 'image_url', image_url: part.detail === undefined ? { url } : { url, detail: part.detail } };
  }

  #file(part: PartOf<'file'>, path: string): JsonObject {
    const { source } = part;
    if (source.kind === 'url') throw unsent(path, 'a file by URL', 'as base64 data');
    if (source.kind === 'file_id') return { file_id: source.id };
    const file: JsonObject = { file_data: dataUrl(source.mediaType, source.data) };
    // OpenAI requires a name beside the data.
    file.filename = part.filename ?? `file.${source.mediaType.slice(source.mediaType.indexOf('/') + 1)}`;
    return file;
  }
}

function unsent(path: string, what: string, instead: string): AppError {
  return new AppError('invalid_request', `${path}: this model's provider does not take ${what}; send it ${instead}.`, {
    param: path,
  });
}
