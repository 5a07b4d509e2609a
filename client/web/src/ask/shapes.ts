/** The shapes of the node's answers under the names that the page calls them by. */

export type {
  CauseOf as Cause,
  DeviceState,
  Film,
  GivenStars,
  Peer,
  PublishRequest as PublishWish,
  Recommendations,
  Recommended,
  Score,
  Status,
  Version,
} from './api';

/** A step of publishing with its measures. */
export interface Stage {
  readonly stage: string;
  readonly [measure: string]: unknown;
}

/** A line of a publication: a step, or how it ended. */
export type Step =
  | Stage
  | { readonly stage?: never; readonly done: { readonly film: string; readonly blocks: number; readonly size_bytes: number } }
  | { readonly stage?: never; readonly problem: string };
