/** Checks on examples that callers give. */
import { AppError } from '../../base/errors.ts';
import { type Example, LIMITS, OUT_OF_SCOPE, type SlotSpan } from '../types.ts';

/**
 * Examples out of parsed JSON. Offsets of a slot are taken from the first occurrence of its value where they are left out.
 * Throws AppError `invalid_request` (`examples[3].slots[0]: …`) and `too_large`.
 */
export function parseExamples(input: unknown, param = 'examples'): Example[] {
  if (!Array.isArray(input))
    throw new AppError('invalid_request', `${param} must be a list of {"text", "intent", "slots"?, "reply"?}.`, {
      param,
    });
  if (input.length > LIMITS.examples)
    throw new AppError('too_large', `${param} may hold ${LIMITS.examples} examples at most.`, { param });
  const examples = input.map((one, index) => parseExample(one, `${param}[${index}]`));
  checkBounds(examples, param);
  return examples;
}

/** Throws AppError `invalid_request` where examples have more intents or slot names than a model may have. */
export function checkBounds(examples: readonly Example[], param = 'examples'): void {
  const intents = new Set<string>();
  const slots = new Set<string>();
  for (const example of examples) {
    if (example.intent !== OUT_OF_SCOPE) intents.add(example.intent);
    for (const slot of example.slots ?? []) slots.add(slot.name);
  }
  if (intents.size > LIMITS.intents)
    throw new AppError(
      'invalid_request',
      `${param} have ${intents.size} intents; a model may have ${LIMITS.intents} at most.`,
      { param },
    );
  if (slots.size > LIMITS.slotNames)
    throw new AppError(
      'invalid_request',
      `${param} have ${slots.size} slot names; a model may have ${LIMITS.slotNames} at most.`,
      { param },
    );
}

function parseExample(input: unknown, param: string): Example {
  const fail = (what: string): never => {
    throw new AppError('invalid_request', `${param}: ${what}`, { param });
  };
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return fail('must be an object with "text" and "intent".');
  const { text, intent, slots, reply } = input as Record<string, unknown>;
  if (typeof text !== 'string' || text.trim() === '') return fail('"text" must be a text that is not empty.');
  if (text.length > LIMITS.exampleChars) return fail(`"text" may have ${LIMITS.exampleChars} characters at most.`);
  if (typeof intent !== 'string' || intent === '' || intent.length > LIMITS.nameChars)
    return fail(`"intent" must be a name of 1 to ${LIMITS.nameChars} characters.`);
  if (reply !== undefined && (typeof reply !== 'string' || reply.length > LIMITS.exampleChars))
    return fail(`"reply" must be a text of ${LIMITS.exampleChars} characters at most.`);
  if (slots !== undefined && !Array.isArray(slots))
    return fail('"slots" must be a list of {"name", "value", "start", "end"}.');
  const spans = (slots ?? []).map((slot, index) => parseSlot(slot, text, `${param}.slots[${index}]`));
  return {
    text,
    intent,
    ...(spans.length > 0 ? { slots: spans } : {}),
    ...(reply !== undefined ? { reply: reply as string } : {}),
  };
}

function parseSlot(input: unknown, text: string, param: string): SlotSpan {
  const fail = (what: string): never => {
    throw new AppError('invalid_request', `${param}: ${what}`, { param });
  };
  if (typeof input !== 'object' || input === null) return fail('must be an object with "name" and "value".');
  const { name, value, start, end } = input as Record<string, unknown>;
  if (typeof name !== 'string' || name === '' || name.length > LIMITS.nameChars)
    return fail(`"name" must be a name of 1 to ${LIMITS.nameChars} characters.`);
  if (start === undefined && end === undefined) {
    const at = typeof value === 'string' && value !== '' ? text.indexOf(value) : -1;
    if (at < 0) return fail('"value" must occur in the text where "start" and "end" are left out.');
    return { name, value: value as string, start: at, end: at + (value as string).length };
  }
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    (start as number) < 0 ||
    (end as number) <= (start as number) ||
    (end as number) > text.length
  ) {
    return fail('"start" and "end" must be UTF-16 offsets with 0 <= start < end <= length of the text.');
  }
  const covered = text.slice(start as number, end as number);
  return { name, value: typeof value === 'string' ? value : covered, start: start as number, end: end as number };
}
