/** Starts the film alone, for other sites: the same checks, without the page around it. */

import '../style/tokens.css';
import './embed.css';
import { mount } from 'svelte';
import { preferred, speak } from '../words/words.svelte';
import Embed from './Embed.svelte';

await speak(preferred(), false);
mount(Embed, { target: document.body, props: { film: decodeURIComponent(location.pathname.split('/')[2] ?? '') } });
