/** Where a command writes: handed in, so that tests can read it. */
export interface Io {
  /** One line, or several, to standard output. */
  out(text: string): void;
  /** To standard error: progress and warnings. */
  note(text: string): void;
}

export const processIo: Io = {
  out: (text) => {
    process.stdout.write(`${text}\n`);
  },
  note: (text) => {
    process.stderr.write(`${text}\n`);
  },
};

/** The answer as the server gave it, for programs. */
export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value, null, 2));
}
