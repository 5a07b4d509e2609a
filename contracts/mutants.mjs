// Changes the contracts in small ways, one at a time, so that the tests can be asked whether they notice.
// Usage: node mutants.mjs list           one JSON line for each mutant
//        node mutants.mjs compile FOLDER  reads mutants from stdin, a JSON line each; answers each with a JSON line,
//                                         its artifacts then lie in FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Fault, SHIPPED, artifacts, compile, sources } from "./compile.mjs";

/** What stands in for an operator. A bound moves by one and turns round; arithmetic changes its sign or its kind. */
const INSTEAD = {
  "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
  "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "**": ["*"],
  "&": ["|"], "|": ["&"], "^": ["&"], "<<": [">>"], ">>": ["<<"],
};
const ASSIGNED = { "+=": ["-=", "="], "-=": ["+=", "="], "|=": ["&=", "="], "&=": ["|=", "="], "*=": ["/="], "/=": ["*="] };

/** The mutants of one source: {id, file, line, kind, start, end, before, after}, offsets in bytes. */
function mutantsOf(file, text, ast) {
  const bytes = Buffer.from(text, "utf8");
  const found = [];
  const span = (node) => {
    const [start, length] = node.src.split(":").map(Number);
    return [start, start + length];
  };
  const slice = (start, end) => bytes.subarray(start, end).toString("utf8");
  const line = (start) => slice(0, start).split("\n").length;
  const add = (kind, start, end, after, within) =>
    found.push({ file, line: line(start), within, kind, start, end, before: slice(start, end), after });

  /** A statement goes with its semicolon, and leaves a block behind; the step of a loop has none. */
  const leaveOut = (kind, node, within) => {
    const [start, end] = span(node);
    const closed = bytes[end] === 0x3b;
    add(kind, start, closed ? end + 1 : end, closed ? "{}" : "", within);
  };

  const between = (node, left, right, operator) => {
    const [, from] = span(left);
    const [to] = span(right);
    const at = slice(from, to).indexOf(operator);
    const start = from + Buffer.byteLength(slice(from, to).slice(0, at));
    return [start, start + operator.length];
  };

  const act = {
    BinaryOperation(node, within) {
      const [start, end] = between(node, node.leftExpression, node.rightExpression, node.operator);
      for (const after of INSTEAD[node.operator] ?? []) add("operator", start, end, after, within);
    },
    Assignment(node, within) {
      if (node.operator === "=") return;
      const [start, end] = between(node, node.leftHandSide, node.rightHandSide, node.operator);
      for (const after of ASSIGNED[node.operator] ?? []) add("assignment", start, end, after, within);
    },
    UnaryOperation(node, within) {
      const [start, end] = span(node);
      const inner = span(node.subExpression);
      if (node.operator === "!") add("negation", start, end, slice(...inner), within);
      if (node.operator === "++") add("step", start, end, slice(start, end).replace("++", "--"), within);
      if (node.operator === "-") add("sign", start, end, slice(...inner), within);
    },
    IfStatement(node, within) {
      const [start, end] = span(node.condition);
      const refuses = /^\{?\s*revert\b/.test(slice(...span(node.trueBody)));
      add(refuses ? "check" : "branch", start, end, "false", within);
      if (!refuses) add("branch", start, end, "true", within);
    },
    Conditional(node, within) {
      const [start, end] = span(node.condition);
      add("branch", start, end, "true", within);
      add("branch", start, end, "false", within);
    },
    EmitStatement(node, within) {
      leaveOut("event", node, within);
    },
    ExpressionStatement(node, within) {
      if (["Assignment", "FunctionCall", "UnaryOperation"].includes(node.expression.nodeType)) {
        leaveOut("statement", node, within);
      }
    },
    ModifierInvocation(node, within) {
      if (node.kind === "modifierInvocation") add("modifier", ...span(node), "", within);
    },
    Literal(node, within) {
      const [start, end] = span(node);
      if (node.kind === "bool") add("constant", start, end, node.value === "true" ? "false" : "true", within);
      if (node.kind === "number") add("constant", start, end, `(${slice(start, end)} + 1)`, within);
    },
    Continue(node, within) {
      leaveOut("statement", node, within);
    },
    Return(node, within) {
      if (!node.expression) leaveOut("return", node, within);
    },
  };
  const visit = (node, within) => {
    if (Array.isArray(node)) return node.forEach((one) => visit(one, within));
    if (node === null || typeof node !== "object") return;
    if (["PragmaDirective", "ImportDirective", "StructuredDocumentation", "ErrorDefinition", "EventDefinition"].includes(node.nodeType)) return;
    const inside = node.nodeType === "FunctionDefinition" ? node.name || node.kind : within;
    // The lengths of array types are checked by the frozen interface.
    if (node.nodeType === "ArrayTypeName") return;
    act[node.nodeType]?.(node, inside);
    Object.values(node).forEach((one) => visit(one, inside));
  };
  visit(ast, "");
  return found.sort((one, other) => one.start - other.start || one.end - other.end);
}

/** All mutants of the set; an id lasts as long as the text around it: file, function, what becomes what, and which. */
function all(texts, output) {
  const count = new Map();
  return Object.keys(texts).flatMap((file) =>
    mutantsOf(file, texts[file], output.sources[`src/${file}`].ast).map((mutant) => {
      const short = (text) => text.replace(/\s+/g, " ");
      const name = `${file}:${mutant.within}: ${short(mutant.before)} -> ${short(mutant.after) || "nothing"}`;
      count.set(name, (count.get(name) ?? 0) + 1);
      return { id: count.get(name) === 1 ? name : `${name} (${count.get(name)})`, ...mutant };
    }),
  );
}

function mutated(texts, { file, start, end, after }) {
  const bytes = Buffer.from(texts[file], "utf8");
  const text = Buffer.concat([bytes.subarray(0, start), Buffer.from(after), bytes.subarray(end)]).toString("utf8");
  return { ...texts, [file]: text };
}

/** The contracts whose code holds a source: most sources go into one, which spares the compiler the others. */
function holding(file) {
  const own = { "Disputes.sol": ["Disputes"], "Licences.sol": ["Licences"], "Anchors.sol": ["Anchors"] };
  return own[file] ?? (["Purses.sol", "TitleRegistry.sol"].includes(file) ? ["TitleRegistry"] : SHIPPED);
}

const texts = sources();
const output = compile(texts);
if (process.argv[2] === "list") {
  for (const mutant of all(texts, output)) console.log(JSON.stringify(mutant));
} else {
  const code = (made, contracts) => contracts.map((name) => made.contracts[`src/${name}.sol`][name].evm.bytecode.object).join();
  const folder = process.argv[3];
  mkdirSync(folder, { recursive: true });
  const write = (made) => Object.entries(made).forEach(([name, text]) => writeFileSync(join(folder, `${name}.json`), text));
  for await (const wanted of createInterface({ input: process.stdin })) {
    const mutant = JSON.parse(wanted);
    const changed = mutated(texts, mutant);
    const contracts = holding(mutant.file);
    const said = { id: mutant.id };
    try {
      const made = compile(changed, { strict: false, contracts });
      if (code(made, contracts) === code(output, contracts)) said.same = true;
      write({ ...artifacts(texts, output), ...artifacts(changed, made, contracts) });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      said.stillborn = error.message.split("\n")[0];
    }
    console.log(JSON.stringify(said));
  }
}
