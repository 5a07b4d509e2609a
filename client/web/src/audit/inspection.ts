/** How an audit runs: check after check, each of which becomes a line whether it holds, fails or cannot be made. */

import { Refused } from '../verify/refused';

/** One check: what was found, in a sentence; `expected` and what it rests on follow from its name. */
export interface Line {
  readonly check: string;
  readonly isHeld: boolean;
  readonly found: string;
}

/** Collects the lines of one audit, and tells of each as it comes. */
export class Inspection {
  readonly lines: Line[] = [];

  constructor(private readonly onLine: (line: Line) => void = () => undefined) {}

  /** Runs one check: the sentence and the value for later checks, or `Refused`, and then null. */
  async check<T>(name: string, run: () => Promise<readonly [string, T]> | readonly [string, T]): Promise<T | null> {
    try {
      const [found, value] = await run();
      this.add({ check: name, isHeld: true, found });
      return value;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.add({ check: name, isHeld: false, found: error.message });
      return null;
    }
  }

  add(line: Line): void {
    this.lines.push(line);
    this.onLine(line);
  }
}

/** The value of an earlier check; throws `Refused` (`not-checked`) when that did not hold. */
export function need<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) {
    throw new Refused('not-checked', `could not be checked, because ${what} did not hold`);
  }
  return value;
}

/** A time in seconds as a person reads it, in UTC. */
export function moment(time: number): string {
  if (time < 0 || time >= 253_402_300_800) return 'without end';
  return new Date(time * 1000).toISOString().replace('T', ' ').slice(0, 19) + ' UTC';
}
