/** What Reflex says of itself. It never passes for a large model. */

export type Language = 'zh' | 'en';

export function notice(language: Language, otherModels: readonly string[] = []): string {
  const connected = otherModels.slice(0, 5).join(language === 'zh' ? '、' : ', ');
  if (language === 'zh') {
    const how = connected
      ? `已接入的大模型：${connected}，请在请求的 model 中改用它。`
      : '目前没有接入大模型。要接入，请设置某个服务商的密钥（例如 OPENAI_API_KEY、ANTHROPIC_API_KEY 或 ARK_API_KEY）后重新启动，或在 tokenworks.yaml 中添加 providers。';
    return `我是 Reflex，Tokenworks 内置的小模型。我从示例中学习，能选择工具、按模式填写 JSON、识别意图，但不能自由对话。${how}`;
  }
  const how = connected
    ? `These large models are connected: ${connected}; name one of them as the model of your request.`
    : 'No large model is connected. To connect one, set a provider key (OPENAI_API_KEY, ANTHROPIC_API_KEY or ARK_API_KEY, for example) and start again, or add a provider to tokenworks.yaml.';
  return `I am Reflex, the small model built into Tokenworks. I learn from examples, and can choose tools, fill in JSON by a schema and recognise intents, but I can't hold an open conversation. ${how}`;
}

export function noTool(language: Language, tools: readonly string[]): string {
  const names = tools.slice(0, 8).join(language === 'zh' ? '、' : ', ');
  return language === 'zh'
    ? `这句话没有对应到任何可用的工具（${names}）。`
    : `I see none of the tools (${names}) in this.`;
}

export interface Wanted {
  path: string;
  description: string;
  options?: readonly unknown[];
}

export function ask(language: Language, tool: string, wanted: readonly Wanted[]): string {
  const zh = language === 'zh';
  const parts = wanted.map((one) => {
    const options = one.options
      ? one.options
          .slice(0, 12)
          .map(String)
          .join(zh ? '、' : ', ')
      : '';
    const about = [one.description, options && (zh ? `可选：${options}` : `one of: ${options}`)]
      .filter(Boolean)
      .join(zh ? '；' : '; ');
    return about ? (zh ? `${one.path}（${about}）` : `${one.path} (${about})`) : one.path;
  });
  if (zh) return `要执行 ${tool}，还需要：${parts.join('、')}。请问是什么？`;
  return `To run ${tool} I still need ${parts.join(' and ')}. What should ${parts.length > 1 ? 'they' : 'it'} be?`;
}

export function understood(
  language: Language,
  intent: string,
  confidence: number,
  slots: readonly { name: string; value: string }[],
): string {
  const found = slots.map((slot) => `${slot.name} = ${slot.value}`).join(language === 'zh' ? '，' : ', ');
  const percent = `${Math.round(confidence * 100)}%`;
  if (language === 'zh')
    return `识别到的意图：${intent}（把握 ${percent}）${found ? `；${found}` : ''}。这个意图的示例没有附带回复。`;
  return `I understand this as ${intent} (${percent} sure)${found ? `; ${found}` : ''}. The examples of this intent carry no reply.`;
}

export function report(
  language: Language,
  results: readonly { tool?: string; text: string; isError?: boolean }[],
): string {
  return results
    .map((result) => {
      const name = result.tool ?? (language === 'zh' ? '工具' : 'the tool');
      const text = plain(result.text, language);
      if (result.isError) return language === 'zh' ? `${name} 执行失败：${text}` : `${name} failed: ${text}`;
      return language === 'zh' ? `${name} 的结果：${text}` : `${name} answered: ${text}`;
    })
    .join('\n');
}

const MAX_REPORT_CHARS = 2_000;

/** A JSON result as `key: value` pairs; anything else as it is. */
function plain(text: string, language: Language): string {
  const trimmed = text.trim();
  if (trimmed === '') return language === 'zh' ? '（空）' : '(nothing)';
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return cut(trimmed);
  }
  return cut(pairs(value, 0));
}

function cut(text: string): string {
  return text.length > MAX_REPORT_CHARS ? `${text.slice(0, MAX_REPORT_CHARS - 1)}…` : text;
}

function pairs(value: unknown, depth: number): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (depth > 4) return '…';
  const list = (parts: readonly string[]) =>
    depth === 0 ? parts.join(', ') : parts.length > 1 ? `(${parts.join(', ')})` : parts.join('');
  if (Array.isArray(value))
    return value.length === 0 ? '[]' : list(value.slice(0, 50).map((item) => pairs(item, depth + 1)));
  const entries = Object.entries(value).slice(0, 50);
  return entries.length === 0 ? '{}' : list(entries.map(([key, item]) => `${key}: ${pairs(item, depth + 1)}`));
}
