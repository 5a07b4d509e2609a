/** House lights: up (light), down (dark), or as the system has them. */

import { keep, kept } from '../words/words.svelte';

export type Lights = 'system' | 'up' | 'down';

const KEY = 'lights';
let lights = $state<Lights>('system');

export function current(): Lights {
  return lights;
}

/** Sets the lights for now and the next time. */
export function setLights(wanted: Lights): void {
  lights = wanted;
  const root = document.documentElement;
  if (wanted === 'system') delete root.dataset['lights'];
  else root.dataset['lights'] = wanted;
  keep(KEY, wanted);
}

/** Restores what was chosen before. */
export function restoreLights(): void {
  const chosen = kept(KEY);
  if (chosen === 'up' || chosen === 'down') setLights(chosen);
}

/** Whether it is dark now, by choice or by the system. */
export function isDown(): boolean {
  return lights === 'down' || (lights === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}
