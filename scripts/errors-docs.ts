/** Writes docs/reference/errors.md from the table of codes: `node scripts/errors-docs.ts [--check]`. */
import { ERROR_CODES, type ErrorCode } from '../src/base/errors.ts';
import { publish } from './reference.ts';

/** The type is the guard: a code without a line here does not compile, nor does a line without a code. */
const MEANING: Record<ErrorCode, { when: string; mend: string }> = {
  invalid_request: {
    when: 'The request can’t be understood, or asks for what its model can’t do.',
    mend: 'Mend the field that the message (and `param`) names.',
  },
  context_too_long: {
    when: 'The prompt is longer than the model’s context window.',
    mend: 'Shorten the prompt or take a model with a larger window.',
  },
  invalid_key: {
    when: 'There is no API key, or none that is known, valid and not expired.',
    mend: 'Send `Authorization: Bearer tw-…` or `x-api-key`; make a key with `tokenworks key create`.',
  },
  budget_exceeded: {
    when: 'A hard budget, a wallet or the call’s own `x-tokenworks-max-cost` does not cover it.',
    mend: 'Raise the budget, top up, or send a smaller call. With `retry-after`: open calls hold the rest; try again then.',
  },
  no_exchange_rate: {
    when: 'A hard budget meets a price in a currency for which there is no rate.',
    mend: 'Add the rate: `POST /admin/v1/fx-rates`.',
  },
  not_allowed: {
    when: 'The key may not do this: a model outside its list, a model without a price under a hard budget, a host or address that the server refuses.',
    mend: 'The message says which rule it was.',
  },
  not_found: {
    when: 'There is nothing under that path or id, or it belongs to another project.',
    mend: 'Check the id, and with which key it was made.',
  },
  model_not_found: {
    when: 'No provider serves that model name.',
    mend: 'Look at `GET /v1/models` or `tokenworks models`.',
  },
  conflict: {
    when: 'It clashes with what is there: a call with the same idempotency key is in flight or had another body, a name is taken.',
    mend: 'Wait for the first call, or use a new key or name.',
  },
  managed_by_file: {
    when: 'What was to be changed is owned by tokenworks.yaml or the environment.',
    mend: 'Change it there and start again.',
  },
  too_large: { when: 'The body is larger than the server takes.', mend: 'Send less, or raise `server.max_body_mb`.' },
  rate_limited: {
    when: 'The key’s requests or tokens per minute, or calls at a time, are used up; or the provider’s are.',
    mend: 'Wait as long as `retry-after` says.',
  },
  internal_error: { when: 'A fault of Tokenworks.', mend: 'The log has the details; please report it.' },
  upstream_error: {
    when: 'The provider failed, or answered with what can’t be used.',
    mend: 'Try again; add a second target to the alias so that such a call falls back.',
  },
  overloaded: {
    when: 'The server is full, drains, or can’t write its journal; or the provider is overloaded.',
    mend: 'Try again after a moment.',
  },
  upstream_timeout: {
    when: 'The provider did not answer in time.',
    mend: 'Try again, or raise `timeout_ms` of the alias.',
  },
};

const rows = Object.entries(ERROR_CODES).map(([code, { status, retryable }]) => {
  const { when, mend } = MEANING[code as ErrorCode];
  return `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${when} | ${mend} |`;
});
const text = [
  '# Errors',
  '',
  'An error has the shape of the surface that was called: OpenAI’s (`{"error": {"message", "type", "param", "code"}}`), Anthropic’s',
  '(`{"type": "error", "error": {"type", "message", "code"}}`) or Ark’s. `code` is one of these. The message says what was wrong, names the field and how to mend it.',
  'In the middle of a stream the error is the surface’s own error event.',
  '',
  '“Again” tells whether the same call may succeed when it is simply repeated.',
  '',
  '| Code | Status | Again | When | What to do |',
  '|---|---|---|---|---|',
  ...rows,
];
publish('docs/reference/errors.md', text.join('\n'), 'errors-docs.ts');
