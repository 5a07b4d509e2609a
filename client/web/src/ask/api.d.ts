/**
 * The API's shapes and routes, written by scripts/type_api from the node's OpenAPI document. Nothing of them is proved:
 * what counts is checked from the records.
 */

/** What a claim is about: `sort` is film, version, author, or a record's kind; `film` where it is one's. */
export interface About {
  readonly on: string;
  readonly sort: string;
  readonly name: string | null;
  readonly film: string | null;
}

/** This node's account; amounts in the ledger's smallest unit, as text. */
export interface Account {
  readonly address: string;
  readonly balance: string;
  readonly chain_id: number;
  readonly author: string;
}

/** One act of this node's account. Without `agreed` nothing is signed: the answer says in one sentence what would be, and what it costs. `until` in seconds, 0 to dismiss an agent; `amount` in the ledger's smallest unit. */
export interface ActRequest {
  readonly act: "pay" | "buy" | "withdraw" | "give" | "agent" | "close" | "notice" | "answer" | "register";
  readonly agreed?: boolean;
  readonly film?: string | null;
  readonly offer?: string | null;
  readonly to?: string | null;
  readonly holder?: string | null;
  readonly shares?: number | null;
  readonly until?: number | null;
  readonly amount?: string | null;
  readonly memo?: string;
  readonly ground?: string | null;
  readonly evidence?: string | null;
  readonly case?: number | null;
  readonly deed?: DeedFile | null;
  readonly language?: "en" | "zh";
}

/** An act in one sentence, the units that go with it, and about what it costs besides; once done, its block. */
export interface ActTold {
  readonly sentence: string;
  readonly value: string;
  readonly cost?: string | null;
  readonly title?: string | null;
  readonly record?: string | null;
  readonly tx?: string | null;
  readonly block?: number | null;
  readonly gas?: number | null;
}

/** A peer's multiaddr. */
export interface AddressRequest {
  readonly addr: string;
}

/** Whether no other machine has signed with this author's keys, so that no neighbour need be asked. */
export interface AdmissionRequest {
  readonly alone?: boolean;
}

/** This node's device, and the delegation where one was signed now. */
export interface Admitted {
  readonly device: string;
  readonly record: string | null;
}

/** Who may offer licences in the controller's place, until when (seconds). */
export interface Agent {
  readonly agent: string;
  readonly until: number;
}

/** The checkpoint that a node shows until it has replayed it; `held` of its `records` are here already. When it ended, `is_shown` is false, and `label` says how; `contradicts` names records that contradict it. */
export interface Ahead {
  readonly record: string;
  readonly author: string;
  readonly moment_ms: number;
  readonly records: number;
  readonly ratings: number;
  readonly label: string;
  readonly is_shown: boolean;
  readonly held: number;
  readonly contradicts: readonly string[];
}

/** A film of another author that a new one is like: which part of its pictures and its sound. A stretch is its start there, its start here, and its length, in seconds. `titled`: it can get a share. */
export interface Alike {
  readonly film: string;
  readonly name: string;
  readonly version: string;
  readonly titled: boolean;
  readonly share: number;
  readonly stretches: readonly readonly number[][];
  readonly sound_share: number;
  readonly sound_stretches: readonly readonly number[][];
}

/** What is still denied. */
export interface Allowed {
  readonly denied: readonly string[];
}

/** The Merkle root over everything held, as it stands on the ledger. */
export interface Anchored {
  readonly tx: string;
  readonly block: number;
  readonly gas: number;
  readonly root: string;
  readonly size: number;
}

/** Peers to begin with, and endpoints of a chain of others; what was announced before is replaced. */
export interface AnnouncementRequest {
  readonly bootstrap?: readonly string[];
  readonly endpoints?: readonly string[];
}

/** The founder's newest announcement; number 0 and no record before the first. */
export interface AnnouncementTold {
  readonly number: number;
  readonly bootstrap: readonly string[];
  readonly endpoints: readonly string[];
  readonly record: string | null;
}

/** What somebody says against a ruling; `is_concerned`: it is who made what the ruling is about. */
export interface AppealOf {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly time_ms: number;
  readonly text: string;
  readonly language: string;
  readonly is_concerned: boolean;
}

/** Words against a ruling. */
export interface AppealRequest {
  readonly ruling: string;
  readonly text: string;
  readonly language?: string;
}

/** What to prove: a film (with the authors whose ratings of it are proved as well), its title alone, without the film's bytes, an author's titles and feeds, the network's titles, or those of this node's catalogue; at a block, or the newest. Of many titles those of one contract set by its number, where the network has several. */
export interface AuditRequest {
  readonly sort?: "film" | "title" | "author" | "network" | "catalogue";
  readonly film?: string;
  readonly author?: string;
  readonly raters?: readonly string[];
  readonly at?: number | null;
  readonly set?: number | null;
}

/** An author as its records tell: films, lists, who follows it; `followed`: by this node's author. */
export interface AuthorOf {
  readonly author: string;
  readonly name: string | null;
  readonly profile: string | null;
  readonly films: readonly string[];
  readonly collections: readonly CollectionOf[];
  readonly follows: readonly Followed[];
  readonly followers: number;
  readonly followed: boolean;
}

/** A peer that is turned away until a time (Unix, ms); `times` counts its bans, this one included. */
export interface Ban {
  readonly peer: string;
  readonly until_ms: number;
  readonly reason: string;
  readonly times: number;
}

/** A header as RLP; `signature` is the sequencer's, null on a ledger that is not one of ours. */
export interface Block {
  readonly number: number;
  readonly header: string;
  readonly signature: string | null;
}

/** A folder of blocks: its cap (null: that of all), what it holds and has room for; `is_away`: missing now. */
export interface BlockDisk {
  readonly path: string;
  readonly cap_bytes: number | null;
  readonly stored_bytes: number;
  readonly room_bytes: number;
  readonly is_away: boolean;
}

/** A licence bought. */
export interface Bought {
  readonly tx: string;
  readonly block: number;
  readonly gas: number;
  readonly licensee: string;
  readonly digest: string;
}

/** A key that is ready to order the ledger: its number, the key, where its node is reached, and all of it signed. */
export interface CandidateTold {
  readonly number: number;
  readonly sequencer: string;
  readonly addrs: readonly string[];
  readonly candidate: string;
}

/** One part of a score: what an own rating adds (`record` null: private), or what a dial or a wish takes off. `channel`: `liked`, `disliked` or `lately` (with a number) of the rated `film`; `less` like `film`; `popularity`, the dial against it; `diversity`, because `film` is listed before. `shared`: what both films have in common. `rated_as`: the other id of the film under which the rating was given. */
export interface CauseOf {
  readonly channel: string;
  readonly film: string;
  readonly stars: number | null;
  readonly adds: number;
  readonly record: string | null;
  readonly liked_both: number;
  readonly viewers: readonly ViewerNear[];
  readonly shared: readonly string[];
  readonly rated_as?: string | null;
}

/** A ledger, its newest block, the genesis's own contract set, and those that the founder named since. */
export interface Chain {
  readonly from_block: number;
  readonly contracts: { readonly [key: string]: string };
  readonly chain_id: number;
  readonly block: number;
  readonly further: readonly Placed[];
}

/** The last challenge of one host: whether its block came in time, and how often it did and did not. */
export interface Challenged {
  readonly held: boolean;
  readonly took_ms: number;
  readonly at_ms: number;
  readonly block: string;
  readonly kept: number;
  readonly failed: number;
}

/** The smallest set of own ratings without which the film is not listed; `instead` comes then. `is_smallest`: every smaller set was tried; `tries`: how many lists were made. */
export interface Change {
  readonly films: readonly string[];
  readonly instead: string | null;
  readonly is_smallest: boolean;
  readonly tries: number;
}

/** What a record states of a checkpoint; `label` says who computed it and whether that was replayed here. `contradicts` names records of the same device that state another one for the same scope and moment. */
export interface Checkpoint {
  readonly record: string;
  readonly author: string;
  readonly device: string;
  readonly scope: string;
  readonly moment_ms: number;
  readonly records: number;
  readonly ratings: number;
  readonly root: string;
  readonly label: string;
  readonly contradicts: readonly string[];
}

/** Another title of the same content or film record; `earlier`: it was registered no later. */
export interface Claim {
  readonly title: string;
  readonly creator: string;
  readonly since: number;
  readonly earlier: boolean;
}

/** What should not be held or shown, and why; everything in it is public, `contact` too. */
export interface ClaimRequest {
  readonly on: string;
  readonly ground: string;
  readonly text: string;
  readonly language?: string;
  readonly contact?: string | null;
}

/** The code at an address. */
export interface Code {
  readonly address: string;
  readonly code: string;
}

/** A public list as its author said last; `id` is its first record, `record` the one that holds. */
export interface CollectionOf {
  readonly id: string;
  readonly record: string;
  readonly author: string;
  readonly author_name: string | null;
  readonly name: string;
  readonly about: string;
  readonly language: string;
  readonly films: readonly string[];
  readonly time_ms: number;
  readonly followers: number;
  readonly followed: boolean;
}

/** A list of films; `collection` is the one that changes, or null for a new one. */
export interface CollectionRequest {
  readonly collection?: string | null;
  readonly name: string;
  readonly about?: string;
  readonly language?: string;
  readonly films?: readonly string[];
}

/** One author's words on a record. */
export interface Comment {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly text: string;
  readonly language: string;
  readonly time_ms: number;
}

/** Words on a record. */
export interface CommentRequest {
  readonly on: string;
  readonly text: string;
  readonly language?: string;
}

/** The peer that was reached. */
export interface Connected {
  readonly peer_id: string;
}

/** How many pins both ends have now, and what was carried over. */
export interface CopyMade {
  readonly pins: number;
  readonly blocks: number;
  readonly bytes: number;
}

/** The RPC of a Kubo (its multiaddr), and whether films go `to` it or come `from` it. */
export interface CopyRequest {
  readonly addr: string;
  readonly direction?: "to" | "from";
}

/** A checkpoint, and for each film how often it was given 1, 2 … 10 stars. */
export interface Counted {
  readonly checkpoint: Checkpoint;
  readonly films: { readonly [key: string]: readonly number[] };
}

/** A name and what it did. */
export interface Credit {
  readonly name: string;
  readonly role: string;
}

/** As `Account`, with the transaction that brought the test credits. */
export interface Credited {
  readonly address: string;
  readonly balance: string;
  readonly chain_id: number;
  readonly author: string;
  readonly tx: string;
  readonly block: number;
  readonly gas: number;
}

/** One who is to keep a version's key: whether it said that it does, or else why not yet. */
export interface Custodian {
  readonly author: string;
  readonly given: boolean;
  readonly problem: string | null;
}

/** Authors who are to keep the keys of an own licensed film. */
export interface CustodianRequest {
  readonly film: string;
  readonly custodians: readonly string[];
}

/** Keys in custody here, own licensed films, who offers custody, and how often what was answered since the start. */
export interface CustodyState {
  readonly is_custodian: boolean;
  readonly is_encrypted: boolean;
  readonly kept: readonly KeptKey[];
  readonly own: readonly OwnLicensed[];
  readonly offering: readonly Offering[];
  readonly counts: { readonly [key: string]: number };
}

/** The ledger's entry that decided: the place of its log in a block. */
export interface DecidingEntry {
  readonly block: number;
  readonly log: number;
}

/** How a publication goes on that asks: as an own work, or as made from `parent`, which gets shares of its title. */
export interface DecisionRequest {
  readonly parent?: string | null;
  readonly parent_shares?: number;
}

/** The title that a deed will have, and the record that announces it. */
export interface DeedAnnounced {
  readonly title: string;
  readonly record: string;
}

/** A deed as it goes from owner to owner; bytes as hex. */
export interface DeedFile {
  readonly format: string;
  readonly film: string;
  readonly name: string;
  readonly chain: number;
  readonly contract: string;
  readonly deed: { readonly [key: string]: unknown };
  readonly signatures: { readonly [key: string]: string };
}

/** A deed to propose: an own film and who is to hold how much of it; the rest is this account's. */
export interface DeedRequest {
  readonly film: string;
  readonly owners?: readonly Share[];
}

/** A deed file in one sentence; shares (basis points) by holder, whose signatures it still lacks, and until when (seconds) it may be carried. */
export interface DeedTold {
  readonly sentence: string;
  readonly name: string;
  readonly film: string;
  readonly shares: { readonly [key: string]: number };
  readonly missing: readonly string[];
  readonly deadline: number;
}

/** A device that the author's root admits, and the record that says so. */
export interface Delegated {
  readonly author: string;
  readonly device: string;
  readonly record: string;
}

/** A device to be admitted: its Ed25519 public key in hex, and a name that tells it from the others. */
export interface DelegationRequest {
  readonly device: string;
  readonly name: string;
}

/** How many blocks are denied by the entry. */
export interface Denied {
  readonly blocks: number;
}

/** The CID of an author, a film's files or a block. */
export interface DenyRequest {
  readonly cid: string;
}

/** A device of this node's author; `next` is null where nothing of it counts any more. */
export interface DeviceState {
  readonly author: string;
  readonly device: string;
  readonly name: string;
  readonly delegated: boolean;
  readonly revoked: boolean;
  readonly next: NextPlace | null;
}

/** A dispute about a title on a `ground`, to be answered by `due` (seconds); `outcome` is open, upheld, dismissed or lapsed. */
export interface DisputeOf {
  readonly case: number;
  readonly ground: string;
  readonly due: number;
  readonly claimant: string;
  readonly respondent: string | null;
  readonly outcome: string;
  readonly evidence: readonly Evidence[];
}

/** How many blocks were moved to the other disks. */
export interface Emptied {
  readonly moved: number;
}

/** The disk to empty. */
export interface EmptyRequest {
  readonly path: string;
}

/** What a film is and what its publication takes: see `POST /api/publications/estimates`. */
export interface Estimate {
  readonly duration_s: number;
  readonly size_bytes: number;
  readonly has_audio: boolean;
  readonly renditions: readonly string[];
  readonly captions: readonly string[];
  readonly chapters: string;
  readonly package_bytes: number;
  readonly room_bytes: number;
  readonly fits: boolean;
  readonly ladder_s: number | null;
  readonly stills: readonly StillOf[];
}

/** Evidence in a dispute: whose, and its digest. */
export interface Evidence {
  readonly by: string;
  readonly sha256: string;
}

/** What the film's record says of it. */
export interface Facts {
  readonly year?: number | null;
  readonly external?: readonly string[];
  readonly credits?: readonly Credit[];
  readonly genres?: readonly string[];
  readonly synopsis?: string;
  readonly languages?: readonly string[];
  readonly warnings?: readonly string[] | null;
  readonly translations?: readonly Translation[];
}

/** Whom the lists of a sample of authors favour. */
export interface Fairness {
  readonly authors: number;
  readonly sampled: number;
  readonly films: number;
  readonly limit: number;
  readonly settings: readonly FairnessAt[];
}

/** What lists come to at one setting of the dial against popularity. */
export interface FairnessAt {
  readonly against_popularity: number;
  readonly hit: number;
  readonly hit_interval: readonly [number, number];
  readonly likes_listed: number;
  readonly likes_rated: number;
  readonly coverage: number;
  readonly gini: number;
  readonly less_liked_half: ShareOf;
  readonly small_creators: ShareOf | null;
  readonly languages: { readonly [key: string]: ShareOf };
  readonly decades: { readonly [key: string]: ShareOf };
  readonly by_activity: { readonly [key: string]: GroupHits };
  readonly by_taste: { readonly [key: string]: GroupHits };
}

/** What became of a transaction: `executed`, `failed`, `waiting` or `unknown`; `final` when it stays so. */
export interface FateTold {
  readonly tx: string;
  readonly state: string;
  readonly block: number | null;
  readonly final: boolean;
}

/** A film with a record here; `yours` is what this node's author gave, `time` in ms, `premiere` in seconds. */
export interface Film {
  readonly id: string;
  readonly name: string;
  readonly author: string;
  readonly time: number;
  readonly facts: Facts;
  readonly versions: readonly Version[];
  readonly playable: boolean;
  readonly premiere: number | null;
  readonly unlisted: boolean;
  readonly titles: readonly string[];
  readonly yours: number | null;
  readonly scores: Scores;
}

/** One sentence of the credentials: `holds` is null where it cannot be told here. */
export interface FindingOf {
  readonly said: string;
  readonly holds: boolean | null;
  readonly found: string;
}

/** An author's id or a list's; `follows` false ends it. */
export interface FollowRequest {
  readonly on: string;
  readonly follows?: boolean;
}

/** What this node's author follows: an `author` or a `collection`, or something that is not known here (null). */
export interface Followed {
  readonly on: string;
  readonly sort: string | null;
  readonly name: string | null;
  readonly record: string;
  readonly time_ms: number;
}

/** How many private ratings went. */
export interface Forgotten {
  readonly forgotten: number;
}

/** What a search found; `taken` names, for a word that no film has, the near words that were asked for instead. `said` has, by film, the line in which the words are said, of films that are held here whole. */
export interface Found {
  readonly films: readonly Film[];
  readonly taken: { readonly [key: string]: readonly string[] };
  readonly said: { readonly [key: string]: Quote };
}

/** A row with the film that it is about. */
export interface FoundOf {
  readonly film: string;
  readonly title: string;
  readonly year: number | null;
  readonly stars: number;
}

/** One author's standing word on a film, and the record that says it. */
export interface GivenStars {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly stars: number;
  readonly time_ms: number;
  readonly counted: boolean;
}

/** How often a hidden film that they liked was listed for a group of authors. */
export interface GroupHits {
  readonly authors: number;
  readonly hit: number;
  readonly interval: readonly [number, number];
}

/** A candidate as its own node told it, in hexadecimal. */
export interface HandoverRequest {
  readonly candidate: string;
}

/** To which key the ledger was handed over, after which block, and the record that says so. */
export interface HandoverTold {
  readonly number: number;
  readonly sequencer: string;
  readonly height: number;
  readonly hash: string;
  readonly record: string;
}

/** What a node holds of its scope (words as in the setting); whoever holds the same has the same fingerprint. */
export interface Holding {
  readonly scope: string;
  readonly records: number;
  readonly fingerprint: string;
  readonly [more: string]: unknown;
}

/** What the node holds, what it left out and why; `disk_cap` in bytes, `gateway` where others read over HTTP. */
export interface Hosted {
  readonly held: readonly string[];
  readonly declined: { readonly [key: string]: string };
  readonly stored_bytes: number;
  readonly disk_cap: number;
  readonly gateway?: string | null;
  readonly denied: readonly string[];
  readonly [more: string]: unknown;
}

/** One version: `leaves` counts from 1 which of the held ones goes before it; `conclusion` is for its creator. */
export interface HostedFilm {
  readonly version: string;
  readonly film: string;
  readonly name: string;
  readonly size_bytes: number;
  readonly is_held: boolean;
  readonly is_own: boolean;
  readonly is_kept: boolean;
  readonly others: number;
  readonly proven: number;
  readonly why: string;
  readonly leaves: number | null;
  readonly conclusion: string | null;
  readonly hosts: readonly OtherHost[];
}

/** As `Hosted`; `consequence` says what follows when more is held than the cap allows. */
export interface HostingChanged {
  readonly held: readonly string[];
  readonly declined: { readonly [key: string]: string };
  readonly stored_bytes: number;
  readonly disk_cap: number;
  readonly gateway?: string | null;
  readonly denied: readonly string[];
  readonly consequence: string | null;
  readonly [more: string]: unknown;
}

/** The disk cap from now on. */
export interface HostingRequest {
  readonly disk_cap_bytes: number;
}

/** What an export comes to; of the lists the first 200 are told, of everything the counts. */
export interface ImportReport {
  readonly source: string;
  readonly rows: number;
  readonly ratings: number;
  readonly matched_by: { readonly [key: string]: number };
  readonly kept: boolean;
  readonly private: number;
  readonly already_public: number;
  readonly counts: { readonly [key: string]: number };
  readonly oddities: readonly OddityOf[];
  readonly unmatched_count: number;
  readonly unmatched: readonly UnmatchedOf[];
  readonly found: readonly FoundOf[];
}

/** What became of records that were sent. */
export interface Imported {
  readonly added: number;
  readonly refused: readonly RefusedRecord[];
  readonly waiting: readonly WaitingRecord[];
}

/** A word on whether two ids mean one film; `by`: `own`, `followed`, or `creator` of the film. */
export interface JoinedOf {
  readonly films: readonly string[];
  readonly same: boolean;
  readonly by: string;
  readonly author: string;
  readonly record: string;
}

/** A film that shall never leave for another, or may again. */
export interface KeepRequest {
  readonly film: string;
  readonly is_kept?: boolean;
}

/** A licensed version whose key lies here. */
export interface KeptKey {
  readonly film: string;
  readonly name: string;
  readonly version: string;
  readonly own: boolean;
}

/** A key of the author and its state. */
export interface Key {
  readonly key: string;
  readonly sort: string;
  readonly name: string | null;
  readonly state: string;
  readonly signs: string;
  readonly records: number;
  readonly counted: number;
  readonly last: LastRecord | null;
  readonly here: boolean;
  readonly [more: string]: unknown;
}

/** Which version's key is wanted, to which X25519 key (hex), and where it is watched; the rest the licences say. `without`: custodians (authors) that gave another key before. */
export interface KeyWish {
  readonly version: string;
  readonly agreement: string;
  readonly territory?: string;
  readonly medium?: string;
  readonly without?: readonly string[];
}

/** Who may sign what. */
export interface Keys {
  readonly author: string;
  readonly device: string;
  readonly admitted: boolean;
  readonly restored: boolean;
  readonly following: string | null;
  readonly keys: readonly Key[];
  readonly account: string;
  readonly [more: string]: unknown;
}

/** What rules and rights asked of a film; null where nobody said it. `block`: the ledger's, for the rights. */
export interface KnownOf {
  readonly minutes: number | null;
  readonly year: number | null;
  readonly languages: readonly string[] | null;
  readonly genres: readonly string[] | null;
  readonly is_ready: boolean;
  readonly is_licensed: boolean | null;
  readonly is_disputed: boolean;
  readonly block: number | null;
}

/** The last record of a feed that counts: its seq (-1: none), and its id where a record names it. */
export interface LastRecord {
  readonly seq: number;
  readonly head: string | null;
}

/** Which ledger the node reads, said honestly. */
export interface LedgerLabel {
  readonly label: string;
  readonly chain_id: number;
}

/** A licence that was granted in `block`; `start` and `end` in seconds, `territory` null for the whole world. */
export interface LicenceHeld {
  readonly licensee: string;
  readonly offer: string;
  readonly start: number;
  readonly end: number;
  readonly paid: string;
  readonly block: number;
  readonly live: boolean;
  readonly exclusive: boolean;
  readonly media: readonly string[];
  readonly territory: readonly string[] | null;
}

/** A licence to be bought: the id of the offer's record. */
export interface LicenceRequest {
  readonly offer: string;
}

/** What a contract logged. */
export interface LogEntry {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly block: number;
  readonly index: number;
  readonly tx: string;
}

/** One line of the log: when, how grave, which part of the node, and what it says. */
export interface LogLineTold {
  readonly time_ms: number;
  readonly level: "debug" | "info" | "warning" | "error";
  readonly source: string;
  readonly text: string;
}

/** The fitted model: its id, that of its copy for light clients, and the root of the ratings it was fitted on. */
export interface ModelOf {
  readonly model: string;
  readonly light: string | null;
  readonly size_bytes: number;
  readonly light_bytes: number;
  readonly films: number;
  readonly fitted_on: number;
  readonly root: string;
}

/** Whether others reach this node, how many peers it knows, whom it turns away, and what was refused, by reason. */
export interface Neighbourhood {
  readonly reach: Reach;
  readonly known: number;
  readonly banned: readonly Ban[];
  readonly refused: { readonly [key: string]: number };
  readonly versions: Versions;
}

/** Something done in public by somebody who is followed: a film, version, review or collection. */
export interface NewsOf {
  readonly record: string;
  readonly author: string;
  readonly author_name: string | null;
  readonly kind: string;
  readonly of: string;
  readonly name: string | null;
  readonly time_ms: number;
}

/** What the next record of a device must carry; its time may not be before `time_ms`. */
export interface NextPlace {
  readonly seq: number;
  readonly prev: string | null;
  readonly time_ms: number;
}

/** Something odd about a row: `duplicate`, `conflict`, `scale`, `time` or `row`. */
export interface OddityOf {
  readonly line: number;
  readonly kind: string;
  readonly told: string;
}

/** The offer that was signed. */
export interface OfferMade {
  readonly offer: string;
  readonly price: string;
  readonly [more: string]: unknown;
}

/** A licence offer with its terms and in words; times in seconds (null: open), `territory` null for the whole world. `standing` is `open`, `early`, `closed`, `sold out`, `over`, `void` (its seller may not sell) or `unknown`. */
export interface OfferOf {
  readonly offer: string;
  readonly digest: string;
  readonly text: string;
  readonly seller: string;
  readonly own: boolean;
  readonly price: string;
  readonly media: readonly string[];
  readonly territory: readonly string[] | null;
  readonly opens: number;
  readonly closes: number | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly term_s: number | null;
  readonly supply: number;
  readonly taken: number;
  readonly exclusive: boolean;
  readonly terms_sha256: string | null;
  readonly standing: string;
}

/** A licence offer for a film's title. */
export interface OfferRequest {
  readonly price: string;
  readonly medium?: string;
  readonly territory?: readonly string[];
  readonly days?: number;
  readonly supply?: number;
  readonly exclusive?: boolean;
  readonly start?: number;
  readonly end?: number;
  readonly closes?: number;
  readonly text?: string;
  readonly opens?: number;
  readonly salt?: string;
  readonly film: string;
}

/** What a licence offer says; `price` in the ledger's smallest unit, `days` 0 for no end; the window `start` to `end` and `closes`, the offer's own end, in seconds (0: open); `text` the CID of a legal text. `opens` and `salt` are those of a draft that was read, so that the very same is signed. */
export interface OfferTerms {
  readonly price: string;
  readonly medium?: string;
  readonly territory?: readonly string[];
  readonly days?: number;
  readonly supply?: number;
  readonly exclusive?: boolean;
  readonly start?: number;
  readonly end?: number;
  readonly closes?: number;
  readonly text?: string;
  readonly opens?: number;
  readonly salt?: string;
}

/** An offer in words before it is signed; with its `opens` and `salt` the very same is signed. */
export interface OfferText {
  readonly text: string;
  readonly opens: number;
  readonly salt: string;
}

/** A signed licence offer. */
export interface Offered {
  readonly offer: string;
  readonly digest: string;
  readonly price: string;
}

/** A device that says it keeps keys for creators. */
export interface Offering {
  readonly author: string;
  readonly name: string | null;
  readonly gateway: string | null;
}

/** Why a film is in the list (`place` from 1), or why not (`reason`), and what would change it. */
export interface OpenedFilm {
  readonly film: string;
  readonly place: number | null;
  readonly reason: string | null;
  readonly needed: number | null;
  readonly one: number;
  readonly found: Recommended | null;
  readonly change: Change | null;
}

/** A device that says it holds a version whole. */
export interface OtherHost {
  readonly author: string;
  readonly gateway: string | null;
  readonly challenged: Challenged | null;
}

/** An own licensed version and its custodians. */
export interface OwnLicensed {
  readonly film: string;
  readonly name: string;
  readonly version: string;
  readonly custodians: readonly Custodian[];
}

/** An amount that went into a film's purse. */
export interface Paid {
  readonly tx: string;
  readonly block: number;
  readonly gas: number;
  readonly title: string;
  readonly amount: string;
}

/** An amount for a film's purse, in the ledger's smallest unit. */
export interface PaymentRequest {
  readonly film: string;
  readonly amount: string;
  readonly memo?: string;
}

/** A neighbour and what was exchanged with it; what follows `rtt_ms` is missing before the first exchange. `block_bytes_in` and `block_bytes_out` count film blocks since the network began; `/api/status` leaves them out. */
export interface Peer {
  readonly peer_id: string;
  readonly addrs: readonly string[];
  readonly direction: string;
  readonly since_ms: number;
  readonly rtt_ms: number | null;
  readonly received?: number | null;
  readonly sent?: number | null;
  readonly refused?: { readonly [key: string]: number };
  readonly waiting?: { readonly [key: string]: number };
  readonly rounds?: number | null;
  readonly received_bytes?: number | null;
  readonly sent_bytes?: number | null;
  readonly last_sync_ms?: number | null;
  readonly lag?: number | null;
  readonly block_bytes_in?: number | null;
  readonly block_bytes_out?: number | null;
  readonly standing?: string | null;
  readonly [more: string]: unknown;
}

/** An entry of the ledger's log. */
export interface Place {
  readonly block: number;
  readonly log: number;
}

/** A job's priority in the queue. */
export interface PlaceRequest {
  readonly priority: number;
}

/** One contract set: from which block on it is in force, and the contracts' addresses. */
export interface Placed {
  readonly from_block: number;
  readonly contracts: { readonly [key: string]: string };
}

/** Ratings that only this home knows: [film, stars, time in ms or null, source]. */
export interface PrivateRatings {
  readonly count: number;
  readonly ratings: readonly (readonly [string, number, number | null, string])[];
}

/** Which private ratings are to be signed as public records: those of `films`, or all. */
export interface PrivateRequest {
  readonly films?: readonly string[] | null;
}

/** An RFC 9457 problem document: one sentence, what was found and what was expected. */
export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
}

/** An author's newest profile; `account` only where that account signed for the author too, else `objection`. */
export interface ProfileOf {
  readonly author: string;
  readonly name: string;
  readonly record: string | null;
  readonly account: string | null;
  readonly chain: number | null;
  readonly objection: string | null;
}

/** A new name, and whether this node's account is to be named; what is left out stays as it is. */
export interface ProfileRequest {
  readonly name?: string | null;
  readonly bound?: boolean | null;
}

/** The nodes from the state root of `block` to an account, and to slots of its storage. */
export interface Proof {
  readonly address: string;
  readonly block: number;
  readonly nodes: readonly string[];
  readonly slots: readonly ProofOfSlot[];
}

/** The nodes from the account's storage root to one slot. */
export interface ProofOfSlot {
  readonly slot: string;
  readonly nodes: readonly string[];
}

/** What a version's sidecar says: `rendition` is the one whose parts in a row are the film that it signs. */
export interface ProvenanceOf {
  readonly version: string;
  readonly root: string;
  readonly author: string;
  readonly device: string;
  readonly source: string;
  readonly rendition: string;
  readonly files: number;
  readonly holds: boolean;
  readonly findings: readonly FindingOf[];
}

/** A node that says it holds a version: where to dial it, and its public gateway where it has one. */
export interface ProviderOf {
  readonly author: string;
  readonly addrs: readonly string[];
  readonly gateway: string | null;
}

/** The job that was taken. */
export interface PublicationBegun {
  readonly id: string;
}

/** A film to be published: an upload that is whole, or a file on the node's own machine (one of the two). */
export interface PublicationRequest {
  readonly captions?: readonly WordsRequest[];
  readonly chapters?: string | null;
  readonly poster?: number | null;
  readonly loudness?: number | null;
  readonly priority?: number;
  readonly path?: string | null;
  readonly name: string;
  readonly year?: number | null;
  readonly external?: readonly string[];
  readonly genres?: readonly string[];
  readonly synopsis?: string;
  readonly languages?: readonly string[];
  readonly credits?: readonly readonly [string, string][];
  readonly translations?: readonly Translated[];
  readonly owners?: readonly Share[];
  readonly title?: boolean;
  readonly premiere?: number | null;
  readonly unlisted?: boolean;
  readonly warnings?: readonly ("violence" | "fear" | "sex" | "nudity" | "language" | "drugs" | "suicide" | "discrimination" | "flashing")[] | null;
  readonly of?: string | null;
  readonly label?: string;
  readonly sort?: "film" | "cut" | "dub" | "trailer";
  readonly ask?: boolean;
  readonly parent?: string | null;
  readonly parent_shares?: number;
  readonly licensed?: boolean;
  readonly custodians?: readonly string[];
  readonly upload?: string | null;
  readonly offer?: OfferTerms | null;
}

/** A job as it stands: all its stages in `plan`, what was signed in `done`, also where a later stage failed. `ahead`: how many jobs come before it, the highest priority first. `near`: of one that asks, the films of others that it is like. */
export interface PublicationState {
  readonly id: string;
  readonly name: string;
  readonly made_ms: number;
  readonly priority: number;
  readonly ahead: number;
  readonly upload: string | null;
  readonly state: "waiting" | "running" | "asking" | "done" | "failed" | "cancelled";
  readonly plan: readonly string[];
  readonly stage: string;
  readonly stages: readonly StageOf[];
  readonly near: readonly Alike[];
  readonly problem: string | null;
  readonly done: Published | null;
}

/** A film file on the node's own machine and what its creator says of it; `premiere` in seconds. */
export interface PublishRequest {
  readonly captions?: readonly WordsRequest[];
  readonly chapters?: string | null;
  readonly poster?: number | null;
  readonly loudness?: number | null;
  readonly priority?: number;
  readonly path: string;
  readonly name: string;
  readonly year?: number | null;
  readonly external?: readonly string[];
  readonly genres?: readonly string[];
  readonly synopsis?: string;
  readonly languages?: readonly string[];
  readonly credits?: readonly readonly [string, string][];
  readonly translations?: readonly Translated[];
  readonly owners?: readonly Share[];
  readonly title?: boolean;
  readonly premiere?: number | null;
  readonly unlisted?: boolean;
  readonly warnings?: readonly ("violence" | "fear" | "sex" | "nudity" | "language" | "drugs" | "suicide" | "discrimination" | "flashing")[] | null;
  readonly of?: string | null;
  readonly label?: string;
  readonly sort?: "film" | "cut" | "dub" | "trailer";
  readonly ask?: boolean;
  readonly parent?: string | null;
  readonly parent_shares?: number;
  readonly licensed?: boolean;
  readonly custodians?: readonly string[];
}

/** What a publication made. */
export interface Published {
  readonly film: string;
  readonly version: string;
  readonly root: string;
  readonly source: string;
  readonly duration_ms: number;
  readonly blocks: number;
  readonly size_bytes: number;
  readonly renditions: readonly string[];
  readonly title?: TitleMade | null;
  readonly offer?: OfferMade | null;
}

/** The records that were signed, and how many ratings are in them. */
export interface PublishedRatings {
  readonly records: readonly string[];
  readonly ratings: number;
}

/** A title's purse over the period, in the smallest unit. */
export interface PurseRow {
  readonly title: string;
  readonly currency: string;
  readonly opening: string;
  readonly credited: string;
  readonly paid_out: string;
  readonly closing: string;
}

/** As `Hosted`, with the number of versions that were taken now. */
export interface Pursued {
  readonly held: readonly string[];
  readonly declined: { readonly [key: string]: string };
  readonly stored_bytes: number;
  readonly disk_cap: number;
  readonly gateway?: string | null;
  readonly denied: readonly string[];
  readonly taken: number;
  readonly [more: string]: unknown;
}

/** A line of a version's captions that has the words, and when it is shown, in ms from the start. */
export interface Quote {
  readonly version: string;
  readonly language: string;
  readonly start_ms: number;
  readonly text: string;
}

/** The record that was signed. */
export interface Rated {
  readonly record: string;
  readonly seq: number;
  readonly ratings: number;
}

/** Stars for films; null withdraws. */
export interface RatingRequest {
  readonly ratings: readonly (readonly [string, number | null])[];
}

/** What neighbours found that dialled this node back; `reachable` and `seen_from` are null before anybody did. */
export interface Reach {
  readonly reachable: boolean | null;
  readonly seen_from: string | null;
  readonly judges: number;
  readonly reached_by: number;
  readonly outside: readonly string[];
}

/** The receipt of a list of so many films by the kept wishes and these; `sealed`: the history as a commitment. */
export interface ReceiptRequest {
  readonly limit?: number;
  readonly sealed?: boolean;
  readonly wishes?: WishesRequest;
}

/** The list, the model that it was ranked by, the wishes, and how many films each rule or right left out. `one` is the score that the strongest weight of a single rating gives. `source` is null where the ratings were counted here, else the label of the checkpoint that the model was fitted on. */
export interface Recommendations {
  readonly author: string;
  readonly model: string;
  readonly fitted_on: number;
  readonly source?: string | null;
  readonly one: number;
  readonly films: readonly Recommended[];
  readonly wishes: WishesOf;
  readonly left_out: { readonly [key: string]: number };
  readonly private: number;
}

/** A ranked film with its evidence: what it adds sums to the score. `joined`: what makes other ids mean it, too. */
export interface Recommended {
  readonly film: string;
  readonly name: string | null;
  readonly score: number;
  readonly by: string;
  readonly likes: number;
  readonly evidence: readonly CauseOf[];
  readonly joined?: readonly JoinedOf[];
  readonly facts: KnownOf;
}

/** A record that does not hold, and why. */
export interface RefusedRecord {
  readonly record: string;
  readonly reason: string;
}

/** A title; without a transaction where it was registered before. */
export interface Registered {
  readonly title: string;
  readonly record: string;
  readonly tx?: string | null;
  readonly block?: number | null;
  readonly gas?: number | null;
}

/** A version's key, wrapped for who asked (hex), by which custodian, and what decided at which block. */
export interface ReleasedKey {
  readonly version: string;
  readonly wrapped: string;
  readonly custodian: string;
  readonly block: number;
  readonly reason: string;
  readonly entry: DecidingEntry | null;
}

/** One quality of a version; `bandwidth` in bits per second. */
export interface Rendition {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bandwidth: number;
}

/** How a replay ended; while records or bodies are missing here, how many, and the label is as it was. */
export interface Replayed {
  readonly label: string;
  readonly missing_records: number;
  readonly missing_bodies: number;
}

/** One author's claim that something should not be held or shown. */
export interface ReportOf {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly time_ms: number;
  readonly about: About;
  readonly ground: string;
  readonly text: string;
  readonly language: string;
  readonly contact: string | null;
}

/** The SHA-256 of an audit's report without its signature. */
export interface ReportRequest {
  readonly sha256: string;
}

/** Who signed a report's hash: an author, a device of theirs (hex), and the Ed25519 signature (hex). */
export interface ReportSigned {
  readonly author: string;
  readonly device: string;
  readonly signature: string;
}

/** What was reported of a film, its versions and its author, and how nodes ruled; each newest first. */
export interface Reported {
  readonly reports: readonly ReportOf[];
  readonly rulings: readonly RulingOf[];
}

/** Records of this node's author that shall count no more. */
export interface RetractionRequest {
  readonly records: readonly string[];
  readonly reason?: string;
}

/** One author's standing review of a film, the stars it gave, and what others say to it, oldest first. */
export interface Review {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly text: string;
  readonly language: string;
  readonly time_ms: number;
  readonly stars: number | null;
  readonly spoiler: boolean;
  readonly comments: readonly Comment[];
}

/** Words on a film; `spoiler`: they tell the plot. `language`: a BCP 47 tag, or empty. */
export interface ReviewRequest {
  readonly film: string;
  readonly text: string;
  readonly language?: string;
  readonly spoiler?: boolean;
}

/** A device of the author by the begin of its key in hex, and the last seq of it that shall count (-1: none). */
export interface RevocationRequest {
  readonly device: string;
  readonly after?: number | null;
  readonly reason?: string;
  readonly alone?: boolean;
}

/** The revocation that was signed. */
export interface Revoked {
  readonly record: string;
  readonly seq: number;
}

/** A film's rights as the ledger's log folds up to `block`; shares in basis points, `since` in seconds. */
export interface Rights {
  readonly title: string;
  readonly block: number;
  readonly status: string;
  readonly since: number;
  readonly creator: string;
  readonly controller: string;
  readonly agents: readonly Agent[];
  readonly disputes: readonly DisputeOf[];
  readonly claims: readonly Claim[];
  readonly shares: { readonly [key: string]: number };
  readonly paid_in: string;
  readonly paid_out: string;
  readonly claimable: { readonly [key: string]: string };
  readonly licences: readonly LicenceHeld[];
  readonly offers: readonly string[];
  readonly [more: string]: unknown;
}

/** The rotation that was signed, and the root that speaks for the author from now on. */
export interface Rotated {
  readonly record: string;
  readonly root: string;
}

/** Whether a node's owner denies something, and why; `stands` until the same author rules anew. */
export interface RulingOf {
  readonly record: string;
  readonly author: string;
  readonly name: string | null;
  readonly time_ms: number;
  readonly about: About;
  readonly report: string | null;
  readonly denied: boolean;
  readonly reason: string;
  readonly language: string;
  readonly stands: boolean;
  readonly appeals: readonly AppealOf[];
}

/** A report, or any record, and whether this node denies what it is about. */
export interface RulingRequest {
  readonly on: string;
  readonly denied: boolean;
  readonly reason: string;
  readonly language?: string;
}

/** The ids that mean one film in lists here, the name it has there, and the words that join them. */
export interface SameOf {
  readonly film: string;
  readonly ids: readonly string[];
  readonly joined: readonly JoinedOf[];
}

/** Two film ids; `same` false: they are two films. */
export interface SameRequest {
  readonly one: string;
  readonly other: string;
  readonly same?: boolean;
}

/** A computed number and what it opens to: all counted stars, ascending. `source` is null where they are counted here, else the label of the checkpoint that they are from. */
export interface Score {
  readonly median: number | null;
  readonly count: number;
  readonly stars: readonly number[];
  readonly weights: string;
  readonly source?: string | null;
}

/** A film's scores. */
export interface Scores {
  readonly viewers: Score;
}

/** A screener link's text, until when (seconds) it holds, and where any node's page opens it. */
export interface ScreenerOf {
  readonly film: string;
  readonly until: number;
  readonly screener: string;
  readonly path: string;
}

/** An own film, and for how many days its screener link holds, or until when (seconds). */
export interface ScreenerRequest {
  readonly film: string;
  readonly days?: number | null;
  readonly until?: number | null;
}

/** How far a screening came, in tenths, as the page drew it by randomised response: never the plain truth. */
export interface ScreeningRequest {
  readonly reached: number;
}

/** The report goes at some moment within so many seconds. */
export interface ScreeningSent {
  readonly within_s: number;
}

/** A share of the screenings and the interval that holds it 95 times of a hundred, all from 0 to 1. */
export interface ScreeningShare {
  readonly low: number;
  readonly share: number;
  readonly high: number;
}

/** What the reports of a film come to: `through[0]` is the share that came through the first tenth. `average` is the part of the film that was watched on average; both are null without a report. `epsilon` is what one report gives away at most. */
export interface ScreeningSums {
  readonly film: string;
  readonly reports: number;
  readonly epsilon: number;
  readonly through: readonly ScreeningShare[] | null;
  readonly average: ScreeningShare | null;
}

/** A further contract set as its founder named it, and the record that says so. */
export interface SetNamed {
  readonly number: number;
  readonly deployer: string;
  readonly from_block: number;
  readonly contracts: { readonly [key: string]: string };
  readonly record: string;
}

/** The number of the contract set to be made: the next one, so that the same asked twice makes one. */
export interface SetRequest {
  readonly number: number;
}

/** One co-owner of a title: a ledger address and its shares (basis points). */
export interface Share {
  readonly holder: string;
  readonly shares: number;
}

/** A group's share of the places in lists, of what the authors liked, and of all films. */
export interface ShareOf {
  readonly listed: number;
  readonly rated: number;
  readonly catalogue: number;
}

/** Whether a film may be shown, why (in English, and as a code with its facts), and the entry that decides (null: none does). */
export interface Showing {
  readonly allowed: boolean;
  readonly reason: string;
  readonly code: string;
  readonly facts: { readonly [key: string]: string | number };
  readonly entry: Place | null;
  readonly block: number;
  readonly time: number;
  readonly title: string | null;
  readonly disputes: readonly DisputeOf[];
  readonly claims: readonly Claim[];
}

/** The record that was signed. */
export interface Signed {
  readonly record: string;
}

/** A film to look into: an upload that is whole, or a file on the node's own machine (one of the two). */
export interface SourceRequest {
  readonly upload?: string | null;
  readonly path?: string | null;
}

/** What came into a purse, from whom: a `sale`, another `film`'s purse, or a `payment`. */
export interface SourceRow {
  readonly title: string;
  readonly currency: string;
  readonly payer: string;
  readonly sort: string;
  readonly amount: string;
}

/** One stage of a publication with its newest measures. */
export interface StageOf {
  readonly stage: string;
  readonly done: boolean;
  readonly seconds?: number | null;
  readonly of?: number | null;
  readonly bytes?: number | null;
  readonly blocks?: number | null;
  readonly signatures?: number | null;
  readonly block?: number | null;
  readonly took_ms?: number | null;
  readonly [more: string]: unknown;
}

/** A receipt without its model's bytes (base64), and the opening of its history where that is sealed. */
export interface StatedReceipt {
  readonly head: string;
  readonly opening: string | null;
  readonly model: string;
}

/** A statement from `begin` to before `end` (seconds), as of a block; `csv` is the same rows as a table. */
export interface StatementOf {
  readonly begin: number;
  readonly end: number;
  readonly block: number;
  readonly rows: readonly StatementRow[];
  readonly purses: readonly PurseRow[];
  readonly sources: readonly SourceRow[];
  readonly csv: string;
}

/** One holder's part of one title; `opening`, `earned`, `closing` are exact decimals of the smallest unit. */
export interface StatementRow {
  readonly title: string;
  readonly film: string;
  readonly name: string;
  readonly holder: string;
  readonly currency: string;
  readonly shares: number;
  readonly opening: string;
  readonly earned: string;
  readonly paid_out: string;
  readonly redeemed: string;
  readonly closing: string;
}

/** The node at a glance: addresses without path, and counts; `p2p_ws` are for browsers and js-libp2p. `page_build` is the CID of the page's files as this node serves them, null without a built page. */
export interface Status {
  readonly version: string;
  readonly page_build?: string | null;
  readonly author: string;
  readonly page: string;
  readonly api: string;
  readonly ipfs_rpc: string;
  readonly gateway: string;
  readonly ledger_rpc: string;
  readonly p2p: readonly string[];
  readonly p2p_ws?: readonly string[];
  readonly peer_id: string;
  readonly network: string;
  readonly home: string;
  readonly ledger: LedgerLabel;
  readonly records: number;
  readonly holding?: Holding | null;
  readonly strangers?: Strangers | null;
  readonly films: number;
  readonly checkpoint?: Ahead | null;
  readonly stored_bytes: number;
  readonly disk_cap: number;
  readonly peers: readonly Peer[];
  readonly [more: string]: unknown;
}

/** A picture of the film, JPEG in base64, to choose the poster from. */
export interface StillOf {
  readonly seconds: number;
  readonly jpeg: string;
}

/** What authors take of the disk whom nothing here vouches for, as last looked at; `evicted` bodies went by now. While `is_full` no more records of theirs are stored: their headers alone fill `cap_bytes`. */
export interface Strangers {
  readonly authors: number;
  readonly size_bytes: number;
  readonly cap_bytes: number;
  readonly evicted: number;
  readonly is_full: boolean;
}

/** What one reconciliation moved. */
export interface SyncDone {
  readonly peer_id: string;
  readonly [more: string]: unknown;
}

/** The title that was registered, and the block that it stands in where it was registered now. */
export interface TitleMade {
  readonly title: string;
  readonly record: string;
  readonly block?: number | null;
  readonly [more: string]: unknown;
}

/** A title to be registered for a published film. */
export interface TitleRequest {
  readonly film: string;
  readonly owners?: readonly Share[];
}

/** Something that a publication left: whether unpublishing undoes it. */
export interface TraceOf {
  readonly undone: boolean;
  readonly sentence: string;
}

/** A film's name and synopsis in another language, a BCP 47 tag. */
export interface Translated {
  readonly language: string;
  readonly name: string;
  readonly synopsis?: string;
}

/** What a film is called and about in another language, a BCP 47 tag. */
export interface Translation {
  readonly language: string;
  readonly name: string;
  readonly synopsis: string;
}

/** The version that is to come here whole; the first one without it. */
export interface TripRequest {
  readonly version?: string;
}

/** How far a version is: blocks that are here of all; `kept`: it never leaves for another film. */
export interface TripState {
  readonly version: string;
  readonly state: "whole" | "coming" | "failed" | "absent";
  readonly blocks: number;
  readonly of: number;
  readonly kept: boolean;
  readonly problem: string | null;
}

/** A transaction without a told end: `waiting`, `unknown`, `executed`, `failed`, or `replaced` under its number. */
export interface UnderwayTold {
  readonly tx: string;
  readonly nonce: number;
  readonly state: string;
  readonly block: number | null;
}

/** A row whose film is not known, and why. */
export interface UnmatchedOf {
  readonly line: number;
  readonly title: string;
  readonly year: number | null;
  readonly reason: string;
}

/** Why a film is taken back, for all who hear of it. */
export interface UnpublishRequest {
  readonly reason?: string;
}

/** The record that takes the film back, and what that undid and did not. */
export interface Unpublished {
  readonly record: string;
  readonly traces: readonly TraceOf[];
}

/** A file on its way here; `expires_ms` is when it is removed if nobody goes on with it. */
export interface UploadAnswer {
  readonly id: string;
  readonly filename: string;
  readonly size_bytes: number;
  readonly received_bytes: number;
  readonly changed_ms: number;
  readonly expires_ms: number;
}

/** One cut of a film; `root` is the CID of its folder, `held` whether this node holds it whole. `sort`: film, cut, dub or trailer. `licensed`: its files are sealed, and play with a key that custodians release to licensees. */
export interface Version {
  readonly id: string;
  readonly label: string;
  readonly sort: string;
  readonly root: string;
  readonly duration_ms: number;
  readonly size_bytes: number;
  readonly blocks: number;
  readonly renditions: readonly Rendition[];
  readonly held: boolean;
  readonly licensed: boolean;
  readonly providers: readonly ProviderOf[];
}

/** What neighbours say they run: `said` of them told it, `newer` a newer one than `own`, most of these `newest`. */
export interface Versions {
  readonly own: string;
  readonly said: number;
  readonly newer: number;
  readonly newest: string | null;
}

/** Another author who liked both films: the records of the two ratings. */
export interface ViewerNear {
  readonly author: string;
  readonly of_yours: string;
  readonly of_this: string;
}

/** A record that waits: for `author`, `device`, `prev`, `body`, `time` or `room`. */
export interface WaitingRecord {
  readonly record: string;
  readonly for: string;
}

/** How the viewer wants lists made; kept in the home, never a record. */
export interface WishesOf {
  readonly forgotten: readonly string[];
  readonly less: readonly string[];
  readonly hidden: readonly string[];
  readonly off: readonly string[];
  readonly rules: readonly string[];
  readonly languages: readonly string[];
  readonly territory: string;
  readonly diversity: number;
  readonly against_popularity: number;
  readonly model: string;
}

/** How lists are to be made; what is not named stays as it is. */
export interface WishesRequest {
  readonly forgotten?: readonly string[] | null;
  readonly less?: readonly string[] | null;
  readonly hidden?: readonly string[] | null;
  readonly off?: readonly string[] | null;
  readonly rules?: readonly string[] | null;
  readonly languages?: readonly string[] | null;
  readonly territory?: string | null;
  readonly diversity?: number | null;
  readonly against_popularity?: number | null;
  readonly model?: string | null;
}

/** A holder's royalties of one film; anybody may have them paid out to the holder. */
export interface WithdrawalRequest {
  readonly film: string;
  readonly holder: string;
}

/** Royalties that were paid out. */
export interface Withdrawn {
  readonly tx: string;
  readonly block: number;
  readonly gas: number;
  readonly title: string;
  readonly holder: string;
  readonly amount: string;
}

/** Captions as SRT or WebVTT, their language (ISO 639), and what they are called in a player. */
export interface WordsRequest {
  readonly language: string;
  readonly name?: string;
  readonly text: string;
}

/** What each JSON route takes and answers. */
export interface Routes {
  readonly 'GET /api/account': { body: null; answer: Account };
  readonly 'POST /api/account/credits': { body: null; answer: Credited };
  readonly 'POST /api/acts': { body: ActRequest; answer: ActTold };
  readonly 'POST /api/anchors': { body: null; answer: Anchored };
  readonly 'POST /api/appeals': { body: AppealRequest; answer: Signed };
  readonly 'POST /api/audits/signatures': { body: ReportRequest; answer: ReportSigned };
  readonly 'GET /api/authors/{author}': { body: null; answer: AuthorOf };
  readonly 'DELETE /api/bans/{peer_id}': { body: null; answer: Neighbourhood };
  readonly 'GET /api/checkpoints': { body: null; answer: readonly Checkpoint[] };
  readonly 'POST /api/checkpoints': { body: null; answer: Checkpoint };
  readonly 'GET /api/checkpoints/{record}': { body: null; answer: Counted };
  readonly 'POST /api/checkpoints/{record}/replay': { body: null; answer: Replayed };
  readonly 'POST /api/collections': { body: CollectionRequest; answer: Signed };
  readonly 'GET /api/collections/{collection}': { body: null; answer: CollectionOf };
  readonly 'POST /api/comments': { body: CommentRequest; answer: Signed };
  readonly 'GET /api/custody': { body: null; answer: CustodyState };
  readonly 'POST /api/custody/custodians': { body: CustodianRequest; answer: CustodyState };
  readonly 'POST /api/deeds': { body: DeedRequest; answer: DeedFile };
  readonly 'POST /api/deeds/announcements': { body: DeedFile; answer: DeedAnnounced };
  readonly 'POST /api/deeds/readings': { body: DeedFile; answer: DeedTold };
  readonly 'POST /api/deeds/signatures': { body: DeedFile; answer: DeedFile };
  readonly 'POST /api/delegations': { body: DelegationRequest; answer: Delegated };
  readonly 'POST /api/denied': { body: DenyRequest; answer: Denied };
  readonly 'DELETE /api/denied/{cid}': { body: null; answer: Allowed };
  readonly 'GET /api/devices/{device}': { body: null; answer: DeviceState };
  readonly 'GET /api/fairness': { body: null; answer: Fairness };
  readonly 'GET /api/films': { body: null; answer: readonly Film[] };
  readonly 'GET /api/films/{film}': { body: null; answer: Film };
  readonly 'GET /api/films/{film}/credentials': { body: null; answer: ProvenanceOf };
  readonly 'POST /api/films/{film}/key': { body: KeyWish; answer: ReleasedKey };
  readonly 'GET /api/films/{film}/offers': { body: null; answer: readonly OfferOf[] };
  readonly 'GET /api/films/{film}/ratings': { body: null; answer: readonly GivenStars[] };
  readonly 'GET /api/films/{film}/reports': { body: null; answer: Reported };
  readonly 'GET /api/films/{film}/reviews': { body: null; answer: readonly Review[] };
  readonly 'GET /api/films/{film}/rights': { body: null; answer: Rights };
  readonly 'GET /api/films/{film}/screenings': { body: null; answer: ScreeningSums };
  readonly 'POST /api/films/{film}/screenings': { body: ScreeningRequest; answer: ScreeningSent };
  readonly 'GET /api/films/{film}/showing': { body: null; answer: Showing };
  readonly 'GET /api/films/{film}/trip': { body: null; answer: TripState };
  readonly 'POST /api/films/{film}/trip': { body: TripRequest; answer: TripState };
  readonly 'DELETE /api/films/{film}/trip': { body: null; answer: TripState };
  readonly 'GET /api/films/{film}/unpublishing': { body: null; answer: readonly TraceOf[] };
  readonly 'POST /api/films/{film}/unpublishing': { body: UnpublishRequest; answer: Unpublished };
  readonly 'GET /api/follows': { body: null; answer: readonly Followed[] };
  readonly 'POST /api/follows': { body: FollowRequest; answer: Signed };
  readonly 'GET /api/hosting': { body: null; answer: Hosted };
  readonly 'POST /api/hosting': { body: null; answer: Pursued };
  readonly 'PATCH /api/hosting': { body: HostingRequest; answer: HostingChanged };
  readonly 'POST /api/hosting/challenges': { body: null; answer: readonly HostedFilm[] };
  readonly 'POST /api/hosting/copies': { body: CopyRequest; answer: CopyMade };
  readonly 'GET /api/hosting/disks': { body: null; answer: readonly BlockDisk[] };
  readonly 'POST /api/hosting/disks/empty': { body: EmptyRequest; answer: Emptied };
  readonly 'GET /api/hosting/films': { body: null; answer: readonly HostedFilm[] };
  readonly 'PATCH /api/hosting/kept': { body: KeepRequest; answer: readonly HostedFilm[] };
  readonly 'GET /api/imports': { body: null; answer: PrivateRatings };
  readonly 'POST /api/imports': { body: null; answer: ImportReport };
  readonly 'DELETE /api/imports': { body: null; answer: Forgotten };
  readonly 'POST /api/imports/publications': { body: PrivateRequest; answer: PublishedRatings };
  readonly 'GET /api/keys': { body: null; answer: Keys };
  readonly 'POST /api/keys/admissions': { body: AdmissionRequest; answer: Admitted };
  readonly 'POST /api/keys/revocations': { body: RevocationRequest; answer: Revoked };
  readonly 'POST /api/keys/rotations': { body: AdmissionRequest; answer: Rotated };
  readonly 'GET /api/ledger': { body: null; answer: Chain };
  readonly 'GET /api/ledger/blocks/{number}': { body: null; answer: Block };
  readonly 'GET /api/ledger/code/{address}': { body: null; answer: Code };
  readonly 'GET /api/ledger/logs': { body: null; answer: readonly LogEntry[] };
  readonly 'GET /api/ledger/proofs/{address}': { body: null; answer: Proof };
  readonly 'POST /api/licences': { body: LicenceRequest; answer: Bought };
  readonly 'GET /api/logs': { body: null; answer: readonly LogLineTold[] };
  readonly 'GET /api/models': { body: null; answer: ModelOf };
  readonly 'GET /api/neighbourhood': { body: null; answer: Neighbourhood };
  readonly 'GET /api/network': { body: null; answer: AnnouncementTold };
  readonly 'POST /api/network': { body: AnnouncementRequest; answer: AnnouncementTold };
  readonly 'GET /api/network/candidate': { body: null; answer: CandidateTold };
  readonly 'POST /api/network/handovers': { body: HandoverRequest; answer: HandoverTold };
  readonly 'POST /api/network/sets': { body: SetRequest; answer: SetNamed };
  readonly 'GET /api/news': { body: null; answer: readonly NewsOf[] };
  readonly 'POST /api/offers': { body: OfferRequest; answer: Offered };
  readonly 'POST /api/offers/readings': { body: OfferRequest; answer: OfferText };
  readonly 'POST /api/payments': { body: PaymentRequest; answer: Paid };
  readonly 'GET /api/peers': { body: null; answer: readonly Peer[] };
  readonly 'POST /api/peers': { body: AddressRequest; answer: Connected };
  readonly 'POST /api/profiles': { body: ProfileRequest; answer: ProfileOf };
  readonly 'GET /api/profiles/{author}': { body: null; answer: ProfileOf };
  readonly 'GET /api/publications': { body: null; answer: readonly PublicationState[] };
  readonly 'POST /api/publications': { body: PublicationRequest; answer: PublicationBegun };
  readonly 'POST /api/publications/estimates': { body: SourceRequest; answer: Estimate };
  readonly 'GET /api/publications/{publication}': { body: null; answer: PublicationState };
  readonly 'PATCH /api/publications/{publication}': { body: PlaceRequest; answer: PublicationState };
  readonly 'DELETE /api/publications/{publication}': { body: null; answer: PublicationState };
  readonly 'POST /api/publications/{publication}/attempts': { body: null; answer: PublicationState };
  readonly 'POST /api/publications/{publication}/decisions': { body: DecisionRequest; answer: PublicationState };
  readonly 'POST /api/ratings': { body: RatingRequest; answer: Rated };
  readonly 'POST /api/receipts': { body: ReceiptRequest; answer: StatedReceipt };
  readonly 'GET /api/recommendations': { body: null; answer: Recommendations };
  readonly 'GET /api/recommendations/{film}': { body: null; answer: OpenedFilm };
  readonly 'POST /api/records': { body: null; answer: Imported };
  readonly 'GET /api/reports': { body: null; answer: readonly ReportOf[] };
  readonly 'POST /api/reports': { body: ClaimRequest; answer: Signed };
  readonly 'POST /api/retractions': { body: RetractionRequest; answer: Signed };
  readonly 'POST /api/reviews': { body: ReviewRequest; answer: Signed };
  readonly 'GET /api/rulings': { body: null; answer: readonly RulingOf[] };
  readonly 'POST /api/rulings': { body: RulingRequest; answer: RulingOf };
  readonly 'GET /api/same': { body: null; answer: readonly JoinedOf[] };
  readonly 'POST /api/same': { body: SameRequest; answer: Signed };
  readonly 'GET /api/same/{film}': { body: null; answer: SameOf };
  readonly 'POST /api/screeners': { body: ScreenerRequest; answer: ScreenerOf };
  readonly 'GET /api/search': { body: null; answer: Found };
  readonly 'GET /api/statements': { body: null; answer: StatementOf };
  readonly 'GET /api/status': { body: null; answer: Status };
  readonly 'POST /api/sync': { body: null; answer: readonly SyncDone[] };
  readonly 'POST /api/titles': { body: TitleRequest; answer: Registered };
  readonly 'GET /api/transactions': { body: null; answer: readonly UnderwayTold[] };
  readonly 'GET /api/transactions/{tx}': { body: null; answer: FateTold };
  readonly 'POST /api/transactions/{tx}': { body: null; answer: UnderwayTold };
  readonly 'DELETE /api/transactions/{tx}': { body: null; answer: UnderwayTold };
  readonly 'GET /api/uploads': { body: null; answer: readonly UploadAnswer[] };
  readonly 'GET /api/wishes': { body: null; answer: WishesOf };
  readonly 'PATCH /api/wishes': { body: WishesRequest; answer: WishesOf };
  readonly 'POST /api/withdrawals': { body: WithdrawalRequest; answer: Withdrawn };
}
