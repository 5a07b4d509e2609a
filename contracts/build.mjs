// Compiles the contract set and writes, or with --check compares, the artifacts that the Python package ships.
// Usage: node build.mjs [--check] FOLDER
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, artifacts, compile, sources } from "./compile.mjs";

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}

function made() {
  const texts = sources();
  try {
    return artifacts(texts, compile(texts));
  } catch (error) {
    if (error instanceof Fault) stop(error.message);
    throw error;
  }
}

const check = process.argv[2] === "--check";
const folder = process.argv[check ? 3 : 2];
const drifted = [];
if (!check) mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(made())) {
  const path = join(folder, `${name}.json`);
  if (!check) {
    writeFileSync(path, text);
    continue;
  }
  let held = null;
  try {
    held = readFileSync(path, "utf8");
  } catch {
    // A missing artifact is a drift like another.
  }
  if (held !== text) drifted.push(name);
}
if (drifted.length) {
  stop(`found artifacts that the sources do not give: ${drifted.join(", ")}; expected those of scripts/build_contracts`);
}
