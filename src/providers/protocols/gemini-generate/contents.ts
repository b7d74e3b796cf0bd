/** A conversation in Gemini's words: `contents`, and the instructions apart from them. */
import { AppError } from '../../../base/errors.ts';
import type { ChatRequest, Json, JsonObject, MediaSource, Message, Part } from '../../protocol.ts';
import { parseObject } from './json.ts';
import { SKIP_VALIDATION, unwrapSignature } from './signatures.ts';

export interface ContentOptions {
  /** Vertex AI takes files by `gs://` address and knows no call ids. */
  vertex: boolean;
  /** Gemini 3 and later: refuses unsigned calls, and takes media inside a function's answer. */
  strictSignatures: boolean;
}

export interface Contents {
  contents: JsonObject[];
  systemInstruction?: JsonObject;
}

type Turn = 'user' | 'model' | 'answers';

/** Addresses that Gemini reads itself, so that nobody has to fetch them: its own files, YouTube, and Cloud Storage on Vertex AI. */
export function takesByUri(url: string): boolean {
  return (
    /^gs:\/\//.test(url) ||
    /^https:\/\/generativelanguage\.googleapis\.com\/v[^/]+\/files\//.test(url) ||
    /^https:\/\/(www\.)?(youtube\.com\/watch|youtu\.be\/)/.test(url)
  );
}

/** Throws AppError `invalid_request` for what Gemini can't be told. Adds to `warnings` what was left out. */
export function buildContents(request: ChatRequest, options: ContentOptions, warnings: Set<string>): Contents {
  const builder = new ContentBuilder(options, warnings);
  const system: string[] = [];
  for (const [index, message] of request.messages.entries()) {
    if (message.role === 'system' || message.role === 'developer') {
      // Gemini has one place for instructions, before everything else.
      if (!builder.isEmpty()) warnings.add('system_message_position');
      if (message.content.some((part) => 'cache' in part && part.cache)) warnings.add('cache_control');
      system.push(systemText(message, index));
    } else builder.add(message, index);
  }
  const contents = builder.finish();
  if (contents.length > 0) {
    return {
      contents,
      ...(system.length === 0 ? {} : { systemInstruction: { parts: system.map((text) => ({ text })) } }),
    };
  }
  if (system.length === 0) {
    throw new AppError('invalid_request', 'messages: there is nothing to answer; add a user message.', {
      param: 'messages',
    });
  }
  // Gemini refuses a conversation of instructions alone, which OpenAI answers.
  warnings.add('system_as_user');
  return { contents: [{ role: 'user', parts: system.map((text) => ({ text })) }] };
}

function systemText(message: Message, index: number): string {
  return message.content
    .map((part) => {
      if (part.type !== 'text')
        throw refuse(`messages[${index}].content`, `a ${message.role} message may hold only text`);
      return part.text;
    })
    .join('\n\n');
}

class ContentBuilder {
  readonly #options: ContentOptions;
  readonly #warnings: Set<string>;
  readonly #contents: JsonObject[] = [];
  readonly #callNames = new Map<string, string>();
  #turn: Turn | undefined;
  #parts: JsonObject[] = [];

  constructor(options: ContentOptions, warnings: Set<string>) {
    this.#options = options;
    this.#warnings = warnings;
  }

  isEmpty(): boolean {
    return this.#turn === undefined;
  }

  add(message: Message, index: number): void {
    if (message.name) this.#warnings.add('messages.name');
    const turn: Turn = message.role === 'assistant' ? 'model' : 'user';
    // Media that a function's answer can't hold follow it, as the user's.
    const after: JsonObject[] = [];
    for (const [position, part] of message.content.entries()) {
      const path = `messages[${index}].content[${position}]`;
      if (part.type === 'tool_result') this.#push('answers', this.#answer(part, path, after));
      else for (const built of this.#part(part, path)) this.#push(turn, built);
    }
    for (const part of after) this.#push('user', part);
  }

  finish(): JsonObject[] {
    this.#close();
    return this.#contents;
  }

  /** Neighbours of one turn share a content; a function's answers stand apart, as many as there were calls. */
  #push(turn: Turn, part: JsonObject): void {
    if (turn !== this.#turn) this.#close();
    this.#turn = turn;
    this.#parts.push(part);
  }

  #close(): void {
    if (this.#parts.length === 0) return;
    if (this.#turn === 'model' && this.#options.strictSignatures) signFirstCall(this.#parts);
    this.#contents.push({ role: this.#turn === 'model' ? 'model' : 'user', parts: this.#parts });
    this.#parts = [];
  }

  #part(part: Exclude<Part, { type: 'tool_result' }>, path: string): JsonObject[] {
    if ('cache' in part && part.cache) this.#warnings.add('cache_control');
    switch (part.type) {
      case 'text':
        if (part.citations !== undefined) this.#warnings.add('citations');
        return part.text === '' ? [] : [{ text: part.text }];
      case 'refusal':
        return [{ text: part.text }];
      case 'reasoning':
        return this.#reasoning(part);
      case 'tool_call':
        return [this.#call(part)];
      case 'image':
        if (part.detail === 'low' || part.detail === 'high') this.#warnings.add('image.detail');
        return [this.#media(part.source, path, 'image/png')];
      case 'audio':
        return [this.#media(part.source, path, `audio/${part.format ?? 'wav'}`)];
      case 'file':
        return [this.#media(part.source, path, 'application/pdf')];
    }
  }

  /** Only what Gemini signed goes back to it: unsigned thoughts are not read, foreign signatures are refused. */
  #reasoning(part: Extract<Part, { type: 'reasoning' }>): JsonObject[] {
    const signature = unwrapSignature(part.signature);
    if (signature === undefined) {
      this.#warnings.add('reasoning');
      return [];
    }
    // A signature without thoughts came with text; it goes back in a part of its own, as streams send it.
    if (part.text === '') return [{ text: '', thoughtSignature: signature }];
    return [{ text: part.text, thought: true, thoughtSignature: signature }];
  }

  #call(part: Extract<Part, { type: 'tool_call' }>): JsonObject {
    this.#callNames.set(part.id, part.name);
    const functionCall: JsonObject = { name: part.name, args: this.#args(part.arguments) };
    if (!this.#options.vertex && part.id !== '') functionCall.id = part.id;
    return { functionCall, ...(part.signature === undefined ? {} : { thoughtSignature: part.signature }) };
  }

  /** A model may have written broken JSON; the conversation goes on about it, so it is shown as it was. */
  #args(text: string): JsonObject {
    if (text.trim() === '') return {};
    const args = parseObject(text);
    if (args) return args;
    this.#warnings.add('tool_call.arguments');
    return { invalid_json: text };
  }

  #answer(part: Extract<Part, { type: 'tool_result' }>, path: string, after: JsonObject[]): JsonObject {
    if (part.cache) this.#warnings.add('cache_control');
    const name = part.name ?? this.#callNames.get(part.callId);
    if (name === undefined) throw refuse(path, `there is no earlier tool call with the id "${part.callId}"`);
    const texts: string[] = [];
    const media: JsonObject[] = [];
    for (const inner of part.content) {
      if (inner.type === 'text') texts.push(inner.text);
      else if (inner.type === 'image' || inner.type === 'audio' || inner.type === 'file') {
        media.push(this.#media(inner.source, path, 'application/octet-stream'));
      } else throw refuse(path, `a tool's result can't hold a part of type "${inner.type}"`);
    }
    const functionResponse: JsonObject = { name, response: answerObject(texts.join('\n'), part.isError === true) };
    if (!this.#options.vertex && part.callId !== '') functionResponse.id = part.callId;
    if (this.#options.strictSignatures && media.length > 0) functionResponse.parts = media;
    else after.push(...media);
    return { functionResponse };
  }

  #media(source: MediaSource, path: string, fallbackType: string): JsonObject {
    switch (source.kind) {
      case 'base64':
        return { inlineData: { mimeType: source.mediaType || fallbackType, data: source.data } };
      case 'url':
        return this.#mediaByUrl(source.url, path);
      case 'file_id':
        return this.#mediaById(source.id, path);
    }
  }

  #mediaByUrl(url: string, path: string): JsonObject {
    const inline = /^data:([^;,]*)(?:;[^,]*)?;base64,/i.exec(url.slice(0, 256));
    if (inline) return { inlineData: { mimeType: inline[1] || 'image/png', data: url.slice(inline[0].length) } };
    if (url.startsWith('gs://') && !this.#options.vertex) throw refuse(path, 'only Vertex AI reads gs:// addresses');
    if (takesByUri(url)) return { fileData: { fileUri: url } };
    throw refuse(path, 'Gemini reads no media by this address; send the data itself (a data: URL)');
  }

  #mediaById(id: string, path: string): JsonObject {
    if (this.#options.vertex || !/^files\/[A-Za-z0-9-]+$/.test(id)) {
      throw refuse(path, 'file ids of another provider are unknown to Gemini; send the file itself');
    }
    return { fileData: { fileUri: `https://generativelanguage.googleapis.com/v1beta/${id}` } };
  }
}

/** Gemini 3 wants a signature on the first call of each step; a history that another model wrote has none. */
function signFirstCall(parts: JsonObject[]): void {
  const first = parts.find((part) => part.functionCall !== undefined);
  if (first && first.thoughtSignature === undefined) first.thoughtSignature = SKIP_VALIDATION;
}

/** Google's words for an answer that is no object: `output`, and `error` where the tool failed. */
function answerObject(text: string, isError: boolean): Json {
  if (isError) return { error: text };
  return parseObject(text) ?? { output: text };
}

function refuse(path: string, what: string): AppError {
  return new AppError('invalid_request', `${path}: ${what}.`, { param: path });
}
