export { openaiChatApi } from './api.ts';
export { ARK_ERRORS, type ArkErrorRule, arkErrorRule } from './ark-errors.ts';
export { openaiErrorBody, parseOpenaiError, upstreamMayRecover } from './errors.ts';
export { openaiChatSurface } from './surface.ts';
export { readChatUsage, writeChatUsage } from './usage.ts';
