/** Names in the page the screens that must open while its node is away: the keeper keeps every file that the page names. */

import type { Plugin } from 'vite';

const SCREENS = ['/src/screens/Film.svelte', '/src/screens/Me.svelte', '/src/words/en.json?later'];

/** Puts the files of those screens, with what they import, into the head of the page. */
export function kept(): Plugin {
  return {
    name: 'cinepeer-kept',
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle, filename }) => {
        if (bundle === undefined || !filename.endsWith('index.html')) return;
        const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
        const files = new Set<string>();
        const take = (name: string): void => {
          const chunk = chunks.find((one) => one.fileName === name);
          if (chunk === undefined || files.has(name)) return;
          files.add(name);
          for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
          for (const other of chunk.imports) take(other);
        };
        for (const chunk of chunks) if (SCREENS.some((screen) => chunk.facadeModuleId?.endsWith(screen))) take(chunk.fileName);
        const content = [...files].sort().map((file) => `/${file}`).join(' ');
        return [{ tag: 'meta', attrs: { name: 'kept', content }, injectTo: 'head' }];
      },
    },
  };
}
