/** What the node says of films, held against their signed records in the worker. */

import { Refused } from '../verify/refused';
import { prove } from './prover';
import type { Film } from './shapes';

export class Checks {
  /** Why a film is not what the node says, by its id; nothing for those that hold. */
  refusals = $state<{ [film: string]: string }>({});

  /** Checks films one after the other: one author's records come together. Ends early when the node goes away. */
  async check(films: readonly Film[]): Promise<void> {
    for (const film of films) {
      try {
        const proven = await prove('film', { film: film.id, isKnownEnough: true });
        if (proven === null) this.refusals[film.id] = 'found no signed record of it, expected one';
        else if (proven.name !== film.name) this.refusals[film.id] = `found the name “${film.name}”, expected “${proven.name}” as signed`;
        else if (JSON.stringify(proven.translations) !== JSON.stringify(film.facts.translations ?? [])) this.refusals[film.id] = 'found names in other languages, expected those that were signed';
      } catch (error) {
        if (error instanceof Refused) this.refusals[film.id] = error.message;
        else return;
      }
    }
  }
}
