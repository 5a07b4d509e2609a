/** Builds verdicts.ts into the file that is named: node verdicts.mjs OUT */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WEB = new URL('../../client/web/', import.meta.url);
const { build } = await import(new URL('node_modules/vite/dist/node/index.js', WEB));
const noble = (name) => fileURLToPath(new URL(`node_modules/@noble/${name}/index.js`, WEB));
const built = await build({
  root: fileURLToPath(WEB),
  configFile: false,
  logLevel: 'silent',
  resolve: { alias: { '@noble/ed25519': noble('ed25519'), '@noble/secp256k1': noble('secp256k1') } },
  ssr: { noExternal: true },
  build: { ssr: fileURLToPath(new URL('verdicts.ts', import.meta.url)), write: false, target: 'node20' },
});
writeFileSync(process.argv[2], [built].flat()[0].output[0].code);
