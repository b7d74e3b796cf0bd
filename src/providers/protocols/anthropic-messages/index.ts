export { anthropicApi } from './api.ts';
export { parseCountTokens, renderCountTokens } from './count-tokens.ts';
export { messagesErrorBody } from './errors.ts';
export { anthropicSurface } from './surface.ts';
