// Compiles the contract set, as it lies in src or with some of its text replaced, and makes artifacts of what comes out.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const solc = require("solc");

/** The contracts that are deployed; the others are parts of them. */
export const SHIPPED = ["TitleRegistry", "Disputes", "Licences", "Anchors", "FilmPurse"];
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 1000 },
  // Nothing of the sources' wording enters the code, so that a title's id does not depend on a comment.
  metadata: { bytecodeHash: "none", appendCBOR: false },
};
const WANTED = ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object",
  "evm.deployedBytecode.immutableReferences", "storageLayout"];

/** The sources as they lie in src, by name. */
export const sources = () => {
  const names = readdirSync(join(here, "src")).filter((name) => name.endsWith(".sol")).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(here, "src", name), "utf8")]));
};
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** What the compiler has to say against the sources. */
export class Fault extends Error {}

/** Everything with its keys in order, so that the same sources give the same bytes. */
export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** The compiler's output for `texts`, the sources by name, with the code of `contracts`; throws `Fault`, where `strict` for a
 * mere warning too. `more` is what else is wanted of each. */
export function compile(texts, { strict = true, contracts = SHIPPED, more = [] } = {}) {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(texts).map(([name, content]) => [`src/${name}`, { content }])),
    settings: {
      ...SETTINGS,
      outputSelection: {
        ...Object.fromEntries(contracts.map((name) => [`src/${name}.sol`, { [name]: [...WANTED, ...more] }])),
        "*": { "": ["ast"] },
      },
    },
  };
  const find = (path) => {
    try {
      return { contents: readFileSync(join(here, "node_modules", path), "utf8") };
    } catch {
      return { error: `found no ${path} among the packages` };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  // A warning about our own lines stops the build too; those about the library are its authors' affair.
  const ours = (fault) => fault.severity === "error" || (strict && !fault.sourceLocation?.file.startsWith("@"));
  const faults = (output.errors ?? []).filter(ours).map((fault) => fault.formattedMessage);
  if (faults.length) throw new Fault(faults.join("\n"));
  return output;
}

/** The names of immutable variables by the id that the compiler gives their declaration. */
function declarations(output) {
  const names = new Map();
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== "object") return;
    if (node.nodeType === "VariableDeclaration" && node.mutability === "immutable") names.set(String(node.id), node.name);
    Object.values(node).forEach(visit);
  };
  for (const source of Object.values(output.sources)) visit(source.ast);
  return names;
}

/** The storage layout without the compiler's running numbers, which change with unrelated lines. */
function layout(storage) {
  const plain = (type) => type.replace(/\)\d+_/g, ")_").replace(/\)\d+$/g, ")");
  const members = (list) => list.map(({ label, slot, offset, type }) => ({ label, slot: Number(slot), offset, type: plain(type) }));
  const types = Object.entries(storage.types ?? {}).map(([name, type]) => [
    plain(name),
    {
      label: type.label, encoding: type.encoding, size_bytes: Number(type.numberOfBytes),
      ...(type.key && { key: plain(type.key) }), ...(type.value && { value: plain(type.value) }),
      ...(type.base && { base: plain(type.base) }), ...(type.members && { members: members(type.members) }),
    },
  ]);
  return { storage: members(storage.storage), types: Object.fromEntries(types) };
}

function artifact(name, output, names, texts) {
  const made = output.contracts[`src/${name}.sol`][name];
  const own = Object.keys(JSON.parse(made.metadata).sources).filter((path) => path.startsWith("src/"));
  const immutables = {};
  for (const [id, places] of Object.entries(made.evm.deployedBytecode.immutableReferences)) {
    if (!names.has(id)) throw new Fault(`found an immutable ${id} of ${name} without a declaration, expected its name`);
    immutables[names.get(id)] = places.map(({ start, length }) => ({ start, length }));
  }
  const openzeppelin = require("@openzeppelin/contracts/package.json").version;
  return {
    contract: name,
    compiler: solc.version(),
    libraries: { "@openzeppelin/contracts": openzeppelin },
    settings: SETTINGS,
    sources: Object.fromEntries(own.map((path) => [path.slice("src/".length), sha256(texts[path.slice("src/".length)])])),
    abi: made.abi,
    bytecode: `0x${made.evm.bytecode.object}`,
    runtime: `0x${made.evm.deployedBytecode.object}`,
    immutables,
    storage: layout(made.storageLayout),
  };
}

/** The artifact of each contract that was compiled, as text, by name. */
export function artifacts(texts, output, contracts = SHIPPED) {
  const names = declarations(output);
  return Object.fromEntries(
    contracts.map((name) => [name, `${JSON.stringify(sorted(artifact(name, output, names, texts)), null, 1)}\n`]),
  );
}
