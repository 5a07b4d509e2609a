/** The shapes of the node's answers under the names that the page calls them by. */

export type {
  CauseOf as Cause,
  DeviceState,
  Film,
  GivenStars,
  Peer,
  ImportReport,
  Recommendations,
  Recommended,
  Score,
  Status,
  Version,
  WishesOf as Wishes,
} from './api';
