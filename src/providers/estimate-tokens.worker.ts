/** Counts tokens of long texts beside the thread that serves requests. */
import { parentPort } from 'node:worker_threads';
import { loadTokenizer, type TokenizerName } from './count-tokens.ts';

export interface CountJob {
  id: number;
  tokenizer: TokenizerName;
  text: string;
}

export type CountResult = { id: number; tokens: number } | { id: number; error: string };

parentPort?.on('message', async (job: CountJob) => {
  let result: CountResult;
  try {
    const count = await loadTokenizer(job.tokenizer);
    result = { id: job.id, tokens: count(job.text) };
  } catch (error) {
    result = { id: job.id, error: error instanceof Error ? error.message : 'unknown failure' };
  }
  parentPort?.postMessage(result);
});
