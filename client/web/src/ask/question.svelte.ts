/** A question to the node and where it stands: asking (since when), answered, or failed with a sentence. */

import { NotTaken } from '../identity/feed';
import { Refused, Unavailable } from '../verify/refused';
import { Declined } from './node';

/** Whose fault: the node is away, it said no, or what it served does not hold. */
export type Fault = 'away' | 'declined' | 'refused';

export interface Failure {
  readonly fault: Fault;
  readonly sentence: string;
  readonly status: number;
}

/** What went wrong, for the page. A mistake of the page itself is thrown on. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Unavailable) return { fault: error.status ? 'declined' : 'away', sentence: error.message, status: error.status };
  if (error instanceof Declined) return { fault: 'declined', sentence: error.message, status: error.status };
  if (error instanceof NotTaken) return { fault: 'declined', sentence: error.message, status: 0 };
  if (error instanceof Refused) return { fault: 'refused', sentence: error.message, status: 0 };
  if (error instanceof DOMException && error.name === 'TimeoutError') return { fault: 'away', sentence: '', status: 0 };
  throw error;
}

export class Question<T> {
  answer = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  since = $state(0);
  /** Whether an answer came at least once: it may have been null. */
  isAnswered = $state(false);
  private turn = 0;

  constructor(private readonly put: () => Promise<T>) {}

  /** Asks, again if need be; the last answer stays until the next one is there. */
  async ask(): Promise<void> {
    const turn = ++this.turn;
    this.since = Date.now();
    try {
      const answer = await this.put();
      if (turn !== this.turn) return;
      this.answer = answer;
      this.isAnswered = true;
      this.failure = null;
    } catch (error) {
      if (turn === this.turn) this.failure = failureOf(error);
    } finally {
      if (turn === this.turn) this.since = 0;
    }
  }

  /** Whether there is something to show: an answer, or why there is none. */
  get isSettled(): boolean {
    return this.isAnswered || this.failure !== null;
  }

  /** Takes no answer any more. */
  drop(): void {
    this.turn++;
  }
}
