/** Bytes from elsewhere that do not hold: `reason` for programs, the message for people (found, expected). */
export class Refused extends Error {
  readonly reason: string;

  constructor(reason: string, sentence: string) {
    super(sentence);
    this.name = 'Refused';
    this.reason = reason;
  }
}

/** Nothing came at all: the node is away, or holds no such thing. `status` is HTTP's, 0 without an answer. */
export class Unavailable extends Error {
  readonly status: number;

  constructor(sentence: string, status = 0) {
    super(sentence);
    this.name = 'Unavailable';
    this.status = status;
  }
}
