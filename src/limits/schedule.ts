/** Runs `run` after `delay_ms`; what it answers cancels that. Handed in so that tests can move time. */
export type Schedule = (run: () => void, delay_ms: number) => () => void;

export const systemSchedule: Schedule = (run, delay_ms) => {
  const timer = setTimeout(run, delay_ms);
  return () => clearTimeout(timer);
};
