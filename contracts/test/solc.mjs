#!/usr/bin/env node
// The compiler that the artifacts are built with, behind the two commands that forge and slither ask of a native one.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const solc = createRequire(join(root, "package.json"))("solc");

function find(path) {
  const places = [path, join(root, path), join(root, "node_modules", path)];
  const place = places.find((one) => existsSync(one));
  return place ? { contents: readFileSync(place, "utf8") } : { error: `found no ${path}` };
}

if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace("Emscripten.clang", "Linux.g++")}`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: find }));
} else {
  console.error(`found the arguments ${process.argv.slice(2).join(" ")}, expected --version or --standard-json`);
  process.exitCode = 2;
}
