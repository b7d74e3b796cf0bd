/** Bytes on a socket, as no HTTP client would send them. */
import { connect } from 'node:net';

export interface RawReply {
  /** 0 when nothing that looks like a status line came. */
  status: number;
  text: string;
  /** JSON of the last answer, if it has any. */
  body?: Record<string, unknown>;
  /** True when the other side closed the connection. */
  closed: boolean;
}

/** Sends pieces one after the other and resolves as soon as `wanted` whole answers came, the connection ended, or `patience_ms` passed. */
export function rawCall(
  url: string,
  pieces: string | Buffer | (string | Buffer)[],
  options: { wanted?: number; patience_ms?: number } = {},
): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(read(text, closed));
    };
    const timer = setTimeout(() => finish(false), options.patience_ms ?? 5000);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (wholeAnswers(text) >= (options.wanted ?? 1)) finish(false);
    });
    socket.on('close', () => finish(true));
    socket.on('error', () => {});
    for (const piece of Array.isArray(pieces) ? pieces : [pieces]) socket.write(piece);
  });
}

/** Answers that are whole by their own length; informational ones do not count. */
function wholeAnswers(text: string): number {
  let count = 0;
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return count;
    const head = rest.slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (/^HTTP\/1\.1 1\d\d/.test(head)) {
      rest = rest.slice(end + 4);
      continue;
    }
    if (length === undefined) return rest.endsWith('0\r\n\r\n') ? count + 1 : count;
    const body = Buffer.from(rest.slice(end + 4));
    if (body.length < Number(length)) return count;
    count++;
    rest = body.subarray(Number(length)).toString('utf8');
  }
  return count;
}

function read(text: string, closed: boolean): RawReply {
  const last = text.lastIndexOf('HTTP/1.1 ');
  const answer = text.slice(Math.max(0, last));
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  const start = answer.indexOf('{');
  let body: Record<string, unknown> | undefined;
  try {
    if (start >= 0) body = JSON.parse(answer.slice(start)) as Record<string, unknown>;
  } catch {
    body = undefined;
  }
  return { status, text, body, closed };
}
