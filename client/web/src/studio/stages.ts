/** What a publication's stages have to tell, each by its own measure. */

import type { StageOf } from '../ask/api';
import { clock, short, size } from '../show/format';
import { t, type Word } from '../words/words.svelte';
import type { Job } from './jobs.svelte';

export type Standing = 'done' | 'now' | 'todo' | 'failed';

const NAMES: { readonly [stage: string]: Word } = {
  probe: 'stage.probe',
  ladder: 'stage.ladder',
  seal: 'stage.seal',
  import: 'stage.import',
  records: 'stage.records',
  title: 'stage.title',
  offer: 'stage.offer',
};

/** A stage's name. */
export function nameOf(stage: string): string {
  const word = NAMES[stage];
  return word ? t(word) : stage;
}

/** Where a stage of a job stands. */
export function standingOf(job: Job, stage: string): Standing {
  const found = job.stages.find((one) => one.stage === stage);
  if (job.state === 'done' || found?.done) return 'done';
  if (found === undefined) return 'todo';
  return job.state === 'failed' || job.state === 'cancelled' ? 'failed' : 'now';
}

/** How far a stage is, where that can be measured. */
export function progressOf(found: StageOf | undefined): { readonly at: number; readonly of: number } | null {
  return found?.of && !('renditions' in found) ? { at: found.seconds ?? 0, of: found.of } : null;
}

/** The measure of a stage in words, or nothing while it has none. */
export function told(found: StageOf | undefined): string {
  if (found === undefined) return '';
  const text = (measure: string): string => (found[measure] === undefined || found[measure] === null ? '' : String(found[measure]));
  switch (found.stage) {
    case 'probe':
      return found.bytes ? t('told.probe', { length: clock(found.seconds ?? 0), size: size(found.bytes) }) : '';
    case 'ladder': {
      const renditions = found['renditions'];
      if (Array.isArray(renditions)) return renditions.join(', ');
      return found.of ? t('told.ladder.now', { at: clock(found.seconds ?? 0), whole: clock(found.of) }) : '';
    }
    case 'seal':
      return found.bytes ? t('told.seal', { size: size(found.bytes) }) : '';
    case 'import':
      return found.blocks ? t('told.import', { blocks: found.blocks, size: size(found.bytes ?? 0) }) : '';
    case 'records':
      return found.signatures ? t('told.records', { count: found.signatures, film: short(text('film')) }) : '';
    case 'title':
      return text('title') && t(found.block ? 'told.title' : 'told.title.before', { title: short(text('title')), block: text('block') });
    case 'offer':
      return text('offer') && t('told.offer', { offer: short(text('offer')) });
    default:
      return '';
  }
}
