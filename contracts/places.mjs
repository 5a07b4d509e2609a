// Prints where the sources decide something, and which instruction of the deployed code belongs to which place.
import { SHIPPED, compile, sources } from "./compile.mjs";

const OWN = "src/";
const texts = sources();
const output = compile(texts, { more: ["evm.deployedBytecode.sourceMap"] });
const files = Object.fromEntries(Object.entries(output.sources).map(([path, source]) => [String(source.id), path]));

/** Every node that decides something, in one of our sources. */
function decisions(path, ast) {
  const found = [];
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== "object") return;
    const kind = node.nodeType;
    const decides = ["IfStatement", "Conditional", "ForStatement", "WhileStatement"].includes(kind) ||
      (kind === "BinaryOperation" && ["&&", "||"].includes(node.operator));
    if (decides) {
      const [start, length] = node.src.split(":").map(Number);
      found.push({ file: path.slice(OWN.length), start, end: start + length, kind });
    }
    Object.values(node).forEach(visit);
  };
  visit(ast);
  return found;
}

const own = Object.entries(output.sources).filter(([path]) => path.startsWith(OWN));
const contracts = Object.fromEntries(SHIPPED.map((name) => {
  const made = output.contracts[`${OWN}${name}.sol`][name].evm.deployedBytecode;
  const holes = Object.values(made.immutableReferences).flat().map(({ start, length }) => [start, length]);
  return [name, { runtime: made.object, sourceMap: made.sourceMap, holes }];
}));
console.log(JSON.stringify({
  decisions: own.flatMap(([path, source]) => decisions(path, source.ast)),
  files: Object.fromEntries(Object.entries(files).map(([id, path]) => [id, path.startsWith(OWN) ? path.slice(OWN.length) : ""])),
  contracts,
}));
