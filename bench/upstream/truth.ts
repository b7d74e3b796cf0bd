/** What the mock knows to be true: every request that reached it, what usage it reported, and whether the answer got out whole. */
import { addUsage, type UsageVector } from '../../src/contract/usage.ts';

export type Outcome =
  /** Still being answered. */
  | 'open'
  /** The last byte was handed to the kernel and the client was still there. */
  | 'whole'
  /** The mock broke it, as its script said. */
  | 'broken'
  /** The client closed before the end. */
  | 'client_gone'
  /** Answered with a status that is not 200. */
  | 'refused';

export interface TruthEntry {
  /** The reply's own id, returned in its body. */
  id: string;
  /** The script's `case`, if it has one, and how often it had arrived before. */
  case?: string;
  arrival: number;
  protocol: string;
  path: string;
  model: string;
  stream: boolean;
  fault: string;
  status: number;
  /** What the whole answer would report; `usageSent` says whether the bytes that say so were written. */
  usage: UsageVector;
  rawUsage?: Record<string, unknown>;
  usageSent: boolean;
  /** Frames (streams) written so far, and how many the answer has. */
  framesSent: number;
  frames: number;
  outcome: Outcome;
  /** Milliseconds on the mock's monotonic clock. */
  start_ms: number;
  end_ms?: number;
}

export interface Counts {
  requests: number;
  inflight: number;
  peakInflight: number;
  whole: number;
  broken: number;
  client_gone: number;
  refused: number;
}

export interface Truth {
  counts: Counts;
  /** Sum of the vectors of whole answers whose usage was written. */
  usage: UsageVector;
  byProtocol: Record<string, { whole: number; usage: UsageVector }>;
  /** Entries that were dropped because there were too many; totals still hold them. */
  dropped: number;
  entries: TruthEntry[];
}

const MAX_ENTRIES = 200_000;

export class TruthBook {
  #counts = zero();
  #usage: UsageVector = {};
  #byProtocol = new Map<string, { whole: number; usage: UsageVector }>();
  #entries: TruthEntry[] = [];
  #dropped = 0;

  open(entry: TruthEntry): void {
    this.#counts.requests++;
    this.#counts.inflight++;
    this.#counts.peakInflight = Math.max(this.#counts.peakInflight, this.#counts.inflight);
    if (this.#entries.length < MAX_ENTRIES) this.#entries.push(entry);
    else this.#dropped++;
  }

  /** Ends an entry; a second call changes nothing. */
  close(entry: TruthEntry, outcome: Exclude<Outcome, 'open'>): void {
    if (entry.outcome !== 'open') return;
    entry.outcome = outcome;
    entry.end_ms = performance.now();
    this.#counts.inflight--;
    this.#counts[outcome]++;
    if (outcome !== 'whole') return;
    const protocol = this.#byProtocol.get(entry.protocol) ?? { whole: 0, usage: {} };
    this.#byProtocol.set(entry.protocol, protocol);
    protocol.whole++;
    if (!entry.usageSent) return;
    addUsage(protocol.usage, entry.usage);
    addUsage(this.#usage, entry.usage);
  }

  counts(): Counts {
    return { ...this.#counts };
  }

  read(): Truth {
    return {
      counts: this.counts(),
      usage: { ...this.#usage },
      byProtocol: Object.fromEntries(this.#byProtocol),
      dropped: this.#dropped,
      entries: this.#entries,
    };
  }

  /** Forgets everything; requests still open are closed into nothing. */
  reset(): void {
    for (const entry of this.#entries) if (entry.outcome === 'open') entry.outcome = 'client_gone';
    this.#counts = zero();
    this.#usage = {};
    this.#byProtocol.clear();
    this.#entries = [];
    this.#dropped = 0;
  }
}

function zero(): Counts {
  return { requests: 0, inflight: 0, peakInflight: 0, whole: 0, broken: 0, client_gone: 0, refused: 0 };
}
