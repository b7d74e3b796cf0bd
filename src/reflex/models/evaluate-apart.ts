import type { EvalReport } from '../understanding/evaluate.ts';
import type { EvaluateJob } from './jobs.ts';
import { type RunOptions, runJob } from './train.ts';

/** evaluate in a thread of its own, so that its caller can tell how far it is and stop it. Rejects with AppError, or the signal's reason. */
export function evaluateApart(
  input: Omit<EvaluateJob, 'do'>,
  options: Pick<RunOptions, 'signal' | 'onProgress'> = {},
): Promise<EvalReport> {
  return runJob<EvaluateJob>({ do: 'evaluate', ...input }, options);
}
