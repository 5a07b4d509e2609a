/** What films warn of, in the page's language. */

import { t, type Word } from '../words/words.svelte';
import { WARNINGS, type Warning } from './rules';

export const NAMES: { readonly [warning in Warning]: Word } = {
  violence: 'warning.violence',
  fear: 'warning.fear',
  sex: 'warning.sex',
  nudity: 'warning.nudity',
  language: 'warning.language',
  drugs: 'warning.drugs',
  suicide: 'warning.suicide',
  discrimination: 'warning.discrimination',
  flashing: 'warning.flashing',
};

/** A warning as a person reads it; one that is not known here as it was signed. */
export function warningName(found: string): string {
  const known = WARNINGS.find((one) => one === found);
  return known ? t(NAMES[known]) : found;
}
