/** A prompt told apart: what it asks for, and the text that it asks it of. */
export interface Prompt {
  instructions: string;
  text: string;
}

const OPENERS: [RegExp, (opener: RegExpExecArray) => string][] = [
  [/```[a-z]*\n/, () => '```'],
  [/"""/, () => '"""'],
  [/<(text|document|review|input|message|email|article|content|comment)>/i, (opener) => `</${opener[1]!}>`],
];
const ASKS =
  /\b(?:classify|extract|summari[sz]e|analy[sz]e|identify|determine|label|tag|detect|rate|return|find|give me|list|what is the sentiment|read the following|following)\b|分类|提取|抽取|总结|概括|摘要|分析|判断|识别|标注|找出|归类|以下|下面/i;
const INPUT_LABEL =
  /(?:^|\n)[ \t]*(?:text|review|input|message|email|document|article|comment|content|sentence|feedback|query|文本|评论|内容|输入|原文|正文|用户反馈|留言)[ \t]*[:：]\s?\n?/i;

/**
 * The text behind the last sign that one begins: a fence, a label such as `Text:`, or a first line that asks and ends in a colon.
 * The whole prompt where there is no such sign.
 */
export function readPrompt(prompt: string): Prompt {
  for (const [opener, closer] of OPENERS) {
    const open = opener.exec(prompt);
    if (!open) continue;
    const start = open.index + open[0].length;
    const end = prompt.indexOf(closer(open), start);
    const text = end < 0 ? '' : prompt.slice(start, end).trim();
    if (text !== '')
      return { instructions: `${prompt.slice(0, open.index)} ${prompt.slice(end + closer(open).length)}`, text };
  }
  const label = INPUT_LABEL.exec(prompt);
  const head = label ? prompt.slice(0, label.index) : '';
  if (label && (head.trim() === '' || ASKS.test(head)))
    return { instructions: head, text: prompt.slice(label.index + label[0].length) };
  const line = /^([^\n]{3,300}?)[:：]\s*\n?/.exec(prompt);
  if (line && ASKS.test(line[1]!) && prompt.length > line[0].length)
    return { instructions: line[1]!, text: prompt.slice(line[0].length) };
  const first = /^([^\n]{3,300})\n[ \t]*\n/.exec(prompt);
  if (first && ASKS.test(first[1]!) && prompt.length > first[0].length)
    return { instructions: first[1]!, text: prompt.slice(first[0].length) };
  return { instructions: '', text: prompt };
}
