/** Holds the models and answers what is asked of them, one call after another: a change counts for every call after it. */
import { answerQuestions } from '../../base/thread.ts';
import { createReaderCore, type ReaderCall } from './reader-core.ts';

const core = createReaderCore();
answerQuestions((call: ReaderCall) => core.answer(call));
