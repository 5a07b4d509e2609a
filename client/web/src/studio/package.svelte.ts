/** What a creator adds to a film's package or changes in it, once its file is here and the node has looked into it. */

import type { Estimate, PublicationRequest } from '../ask/api';
import { call } from '../ask/node';
import { failureOf } from '../ask/question.svelte';

/** EBU R128, to which broadcasters bring what they send. */
export const LOUDNESS_LUFS = -23;
const MAX_WORDS_BYTES = 1 << 20;
const LANGUAGE = /\.([a-z]{2,3})\.[a-z]+$/i;

export interface Words {
  language: string;
  name: string;
  text: string;
}

/** A still to choose the poster from: its moment, and the address of its picture. */
export interface Still {
  readonly seconds: number;
  readonly address: string;
}

export class Package {
  /** The upload that was looked into. */
  private upload: string | null = null;
  estimate = $state.raw<Estimate | null>(null);
  stills = $state.raw<readonly Still[]>([]);
  problem = $state('');
  poster = $state<number | null>(null);
  chapters = $state('');
  words = $state<Words[]>([]);
  isLevelled = $state(false);

  /** Has the node look into an upload, once. */
  async look(upload: string): Promise<void> {
    if (this.upload === upload) return;
    this.clear();
    this.upload = upload;
    try {
      const found = await call('POST /api/publications/estimates', { body: { upload } });
      if (this.upload !== upload) return;
      this.estimate = found;
      this.chapters = found.chapters;
      this.stills = found.stills.map((one) => ({ seconds: one.seconds, address: pictureOf(one.jpeg) }));
    } catch (error) {
      if (this.upload === upload) this.problem = failureOf(error).sentence;
    }
  }

  /** Takes captions; the language stands in the file's name where it can. */
  async add(file: File): Promise<void> {
    if (file.size > MAX_WORDS_BYTES) return;
    const language = LANGUAGE.exec(file.name)?.[1]?.toLowerCase() ?? 'und';
    this.words.push({ language, name: '', text: await file.text() });
  }

  /** What of it is to be asked for with an upload: nothing where nothing was changed, or another one was looked into. */
  wish(upload: string): Pick<PublicationRequest, 'captions' | 'chapters' | 'poster' | 'loudness'> {
    if (this.upload !== upload) return {};
    const isChanged = this.chapters !== (this.estimate?.chapters ?? '');
    return {
      ...(this.words.length ? { captions: this.words.map((one) => ({ ...one, language: one.language.trim().toLowerCase() })) } : {}),
      ...(isChanged ? { chapters: this.chapters } : {}),
      ...(this.poster !== null ? { poster: this.poster } : {}),
      ...(this.isLevelled ? { loudness: LOUDNESS_LUFS } : {}),
    };
  }

  /** Forgets all: another film follows. */
  clear(): void {
    for (const still of this.stills) URL.revokeObjectURL(still.address);
    this.upload = null;
    [this.estimate, this.stills, this.problem] = [null, [], ''];
    [this.poster, this.chapters, this.words, this.isLevelled] = [null, '', [], false];
  }
}

export const packaged = new Package();

function pictureOf(jpeg: string): string {
  const bytes = Uint8Array.from(atob(jpeg), (sign) => sign.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' }));
}
