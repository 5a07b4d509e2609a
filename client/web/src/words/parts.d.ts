/** The two parts of a message file, as the build cuts them (`words.ts`). */

declare module '*.json?first' {
  const messages: { readonly [word: string]: string };
  export default messages;
}

declare module '*.json?later' {
  const messages: { readonly [word: string]: string };
  export default messages;
}
