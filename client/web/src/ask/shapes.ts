/** The shapes of the node's answers under the names that the page calls them by. */

export type {
  AuthorOf as Author,
  CauseOf as Cause,
  CollectionOf as Collection,
  DeviceState,
  Film,
  Followed,
  GivenStars,
  NewsOf as News,
  Peer,
  ImportReport,
  Recommendations,
  Recommended,
  Score,
  Status,
  Version,
  WishesOf as Wishes,
} from './api';
