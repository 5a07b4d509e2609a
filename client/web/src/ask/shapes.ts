/** The shapes of the node's answers. Nothing of them is proved: what counts is checked from the records. */

export interface Rendition {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bandwidth: number;
}

export interface Version {
  readonly id: string;
  readonly label: string;
  readonly root: string;
  readonly duration_ms: number;
  readonly size_bytes: number;
  readonly blocks: number;
  readonly renditions: readonly Rendition[];
  readonly held: boolean;
  readonly providers: readonly { readonly author: string; readonly addrs: readonly string[] }[];
}

export interface Score {
  readonly median: number | null;
  readonly count: number;
  readonly stars: readonly number[];
  readonly weights: string;
}

export interface Film {
  readonly id: string;
  readonly name: string;
  readonly author: string;
  readonly time: number;
  readonly facts: { readonly year?: number | null; readonly genres?: readonly string[]; readonly synopsis?: string };
  readonly versions: readonly Version[];
  readonly playable: boolean;
  readonly titles: readonly string[];
  readonly scores: { readonly viewers: Score };
  /** What this node's author gave; missing where the node does not say. */
  readonly yours?: number | null;
}

export interface Status {
  readonly version: string;
  readonly author: string;
  readonly page: string;
  readonly ipfs_rpc: string;
  readonly ledger_rpc: string;
  readonly p2p: readonly string[];
  readonly peer_id: string;
  readonly network: string;
  readonly home: string;
  readonly ledger: { readonly label: string; readonly chain_id: number };
  readonly records: number;
  readonly films: number;
  readonly stored_bytes: number;
  readonly disk_cap: number;
  readonly peers: readonly Peer[];
}

export interface Peer {
  readonly peer_id: string;
  readonly addrs: readonly string[];
  readonly direction: string;
  readonly since_ms: number;
  readonly rtt_ms: number | null;
  readonly [more: string]: unknown;
}

export interface Hosting {
  readonly held: readonly string[];
  readonly declined: { readonly [version: string]: string };
  readonly stored_bytes: number;
  readonly disk_cap: number;
}

export interface Cause {
  readonly film: string;
  readonly stars: number;
  readonly adds: number;
  readonly record: string;
  readonly liked_both: number;
  readonly viewers: readonly { readonly author: string; readonly of_yours: string; readonly of_this: string }[];
}

export interface Recommended {
  readonly film: string;
  readonly name: string | null;
  readonly score: number;
  readonly by: string;
  readonly likes: number;
  readonly evidence: readonly Cause[];
}

export interface Recommendations {
  readonly author: string;
  readonly model: string;
  readonly fitted_on: number;
  readonly films: readonly Recommended[];
}

export interface Rated {
  readonly record: string;
  readonly seq: number;
  readonly ratings: number;
}

export interface Rights {
  readonly title: string;
  readonly block: number;
  readonly status: string;
  readonly shares: { readonly [holder: string]: number };
  readonly paid_in: string;
  readonly paid_out: string;
  readonly claimable: { readonly [holder: string]: string };
  readonly licences: readonly { readonly licensee: string; readonly offer: string; readonly start: number; readonly end: number }[];
  readonly offers: readonly string[];
}

export interface Account {
  readonly address: string;
  readonly balance: string;
  readonly chain_id: number;
  readonly author: string;
}

export interface PublishWish {
  readonly path: string;
  readonly name: string;
  readonly year: number | null;
  readonly genres: readonly string[];
  readonly synopsis: string;
  readonly languages: readonly string[];
  readonly owners: readonly { readonly holder: string; readonly shares: number }[];
  readonly title: boolean;
}

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
