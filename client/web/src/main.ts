/** Starts the page: choices first, so that nothing flashes, then the shell. */

import './style/tokens.css';
import './style/ground.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { keepPage } from './keeper/keeping';
import { restoreLights } from './shell/lights.svelte';
import { followLinks } from './shell/route.svelte';
import { preferred, speak } from './words/words.svelte';

restoreLights();
followLinks();
await speak(preferred(), false);
mount(App, { target: document.body });
keepPage();
