export { openaiResponsesApi } from './api.ts';
export { openaiResponsesSurface } from './surface.ts';
export { readResponsesUsage, writeResponsesUsage } from './usage.ts';
