/** Counts large bodies beside the thread that serves. */
import { answerQuestions } from '../base/thread.ts';
import { yieldThread } from '../base/yield-thread.ts';
import { countTokensOf } from './count-tokens.ts';

yieldThread();
answerQuestions((body: Uint8Array) => countTokensOf(Buffer.from(body.buffer, body.byteOffset, body.byteLength)));
