/**
 * The order that Anthropic's models want a conversation in, whichever API they are reached through: the user begins, roles alternate,
 * results of parallel calls stand together at the front of one message. What blocks look like is the format's business.
 */
import { createHash } from 'node:crypto';
import type { CacheControl, ChatRequest, JsonObject, Message, Part } from '../../protocol.ts';
import { invalid } from './fields.ts';

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

/** How one API writes parts. Each may become several blocks, or none; `path` is for errors. */
export interface BlockFormat {
  text(text: string, cache?: CacheControl): JsonObject[];
  image(part: PartOf<'image'>, path: string, warnings: Set<string>): JsonObject[];
  file(part: PartOf<'file'>, path: string, warnings: Set<string>): JsonObject[];
  audio(part: PartOf<'audio'>, path: string): JsonObject[];
  reasoning(part: PartOf<'reasoning'>, warnings: Set<string>): JsonObject[];
  toolCall(part: PartOf<'tool_call'>, path: string): JsonObject[];
  toolResult(part: PartOf<'tool_result'>, content: JsonObject[], path: string): JsonObject[];
}

interface Built {
  type: Part['type'];
  blocks: JsonObject[];
}

interface Turn {
  role: 'user' | 'assistant';
  parts: Built[];
}

export interface Conversation {
  system: JsonObject[];
  messages: { role: 'user' | 'assistant'; content: JsonObject[] }[];
  /** Names of the tools that the conversation has called. */
  calledTools: Set<string>;
  /** It goes on after a tool call in front of which no thinking stands. */
  openToolCall: boolean;
}

/** Throws AppError `invalid_request` for what the format can't write. */
export function buildConversation(request: ChatRequest, format: BlockFormat, warnings: Set<string>): Conversation {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  const calledTools = new Set<string>();
  for (const [index, message] of request.messages.entries()) {
    const path = `messages[${index}]`;
    if (message.name !== undefined) warnings.add('messages.name');
    if (message.role === 'system' || message.role === 'developer') {
      addSystem(message, path, format, system, turns, warnings);
      continue;
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    for (const [at, part] of message.content.entries()) {
      const blocks = buildPart(part, role, `${path}.content[${at}]`, format, warnings);
      if (part.type === 'tool_call') calledTools.add(part.name);
      if (blocks.length > 0) addPart(turns, role, { type: part.type, blocks });
    }
  }
  startWithUser(turns, format, warnings);
  return {
    system,
    messages: turns.map((turn) => ({ role: turn.role, content: ordered(turn).flatMap((part) => part.blocks) })),
    calledTools,
    openToolCall: hasOpenToolCall(turns),
  };
}

function addSystem(
  message: Message,
  path: string,
  format: BlockFormat,
  system: JsonObject[],
  turns: Turn[],
  warnings: Set<string>,
): void {
  for (const [index, part] of message.content.entries()) {
    if (part.type !== 'text') throw invalid(`${path}.content[${index}]`, 'a system message can only hold text.');
    if (isBlank(part.text)) continue;
    if (turns.length === 0) system.push(...format.text(part.text, part.cache));
    else {
      // Most models take no system message here. It stays where it was said, told apart from what the user says.
      warnings.add('system_message_position');
      const blocks = format.text(`<system>\n${part.text}\n</system>`, part.cache);
      addPart(turns, 'user', { type: 'text', blocks });
    }
  }
}

function addPart(turns: Turn[], role: Turn['role'], part: Built): void {
  const last = turns.at(-1);
  if (last?.role === role) last.parts.push(part);
  else turns.push({ role, parts: [part] });
}

function startWithUser(turns: Turn[], format: BlockFormat, warnings: Set<string>): void {
  if (turns.length === 0) throw invalid('messages', 'must hold at least one message of the user with text in it.');
  if (turns[0]!.role === 'user') return;
  warnings.add('assistant_first');
  const blocks = format.text('(The conversation begins with the assistant.)');
  turns.unshift({ role: 'user', parts: [{ type: 'text', blocks }] });
}

function ordered(turn: Turn): Built[] {
  if (turn.role === 'assistant') return turn.parts;
  const results = turn.parts.filter((part) => part.type === 'tool_result');
  return [...results, ...turn.parts.filter((part) => part.type !== 'tool_result')];
}

/** Whether the last assistant turn, answered by tool results, has no thinking in front. */
function hasOpenToolCall(turns: Turn[]): boolean {
  const last = turns.at(-1)!;
  if (last.role === 'user' && !last.parts.some((part) => part.type === 'tool_result')) return false;
  const turn = last.role === 'user' ? turns.at(-2) : last;
  return turn !== undefined && turn.parts[0]!.type !== 'reasoning';
}

function buildPart(
  part: Part,
  role: Turn['role'],
  path: string,
  format: BlockFormat,
  warnings: Set<string>,
): JsonObject[] {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) warnings.add('citations');
      // Text without anything to read in it is refused, so it is left out.
      return isBlank(part.text) ? [] : format.text(part.text, part.cache);
    case 'refusal':
      return isBlank(part.text) ? [] : format.text(part.text);
    case 'image':
    case 'file':
    case 'audio':
      if (role === 'assistant') throw invalid(path, `an assistant message can't hold a part of type "${part.type}".`);
      if (part.type === 'image') return format.image(part, path, warnings);
      return part.type === 'file' ? format.file(part, path, warnings) : format.audio(part, path);
    case 'reasoning':
      return format.reasoning(part, warnings);
    case 'tool_call':
      // Gemini's proof of a call, which nobody else reads.
      if (part.signature !== undefined) warnings.add('tool_call.signature');
      return format.toolCall(part, path);
    case 'tool_result': {
      const content = part.content.flatMap((each, index) =>
        buildPart(each, 'user', `${path}.content[${index}]`, format, warnings),
      );
      return format.toolResult(part, content, path);
    }
  }
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

/**
 * Which proof of reasoning may go back to one of Anthropic's models. Other providers' bear an id, a readable text beside their
 * encrypted form, or a prefix with a colon, which base64 has not; a model that did not make them refuses the request.
 */
export function ownProof(part: PartOf<'reasoning'>): 'signed' | 'encrypted' | undefined {
  if (part.signature && !part.signature.includes(':')) return 'signed';
  return part.encrypted && part.id === undefined && part.text === '' ? 'encrypted' : undefined;
}

/**
 * Ids of other providers may hold characters that are refused (`functions.f:0`). They only have to pair a call with its result
 * inside this request, so the same id always becomes the same other one of at most `limit` characters.
 */
export function pairingId(id: string, limit: number): string {
  if (id.length <= limit && /^[a-zA-Z0-9_-]+$/.test(id)) return id;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 24);
  return `${id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, limit - 25)}_${digest}`;
}

/** Throws AppError `invalid_request` where a tool's name has other than 1 to `limit` plain characters. */
export function checkToolName(name: string, limit: number, path: string): void {
  if (name.length <= limit && /^[a-zA-Z0-9_-]+$/.test(name)) return;
  throw invalid(
    path,
    `"${name.slice(0, 140)}" is refused as a tool's name; use 1 to ${limit} of a-z, A-Z, 0-9, "_" and "-".`,
  );
}
