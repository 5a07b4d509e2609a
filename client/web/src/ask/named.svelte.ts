/** Films by their ids as the node tells of them, each asked for once on a screen and held against its signed record. */

import { Checks } from './checks.svelte';
import { Declined, node } from './node';
import type { Film } from './shapes';
import { Unavailable } from '../verify/refused';

const AT_ONCE = 8;

export class Named {
  readonly checks = new Checks();
  films = $state.raw<ReadonlyMap<string, Film>>(new Map());
  /** Whether all that was asked for has an answer. */
  isDone = $state(false);
  private isGone = false;
  private readonly asked = new Set<string>();

  /** Asks for films; those that are unknown here stay without one. */
  async ask(ids: readonly string[]): Promise<void> {
    this.isDone = false;
    // A work that is known by an outer id alone has no film record, so nothing to ask for.
    const wanted = ids.filter((id) => !this.asked.has(id) && !id.includes(':'));
    for (const id of wanted) this.asked.add(id);
    for (let at = 0; at < wanted.length && !this.isGone; at += AT_ONCE) {
      const found = (await Promise.all(wanted.slice(at, at + AT_ONCE).map(one))).filter((film) => film !== null);
      if (this.isGone || !found.length) continue;
      this.films = new Map([...this.films, ...found.map((film): [string, Film] => [film.id, film])]);
      await this.checks.check(found);
    }
    this.isDone = true;
  }

  /** Takes no answer any more. */
  drop(): void {
    this.isGone = true;
  }
}

async function one(id: string): Promise<Film | null> {
  try {
    return await node.film(id);
  } catch (error) {
    if (error instanceof Declined || error instanceof Unavailable) return null;
    throw error;
  }
}
