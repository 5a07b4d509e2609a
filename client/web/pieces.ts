/**
 * What the pages load at once comes in few pieces: a node on a small machine answers three requests sooner than forty,
 * and none of it is needed without the rest.
 */

interface Module {
  readonly importedIds: readonly string[];
}
interface Graph {
  getModuleInfo(id: string): Module | null;
}

const PAGE = '/src/main.ts';
const EMBED = '/src/embed/main.ts';

interface Piece {
  readonly tags: ['$initial'];
  readonly priority: number;
  readonly name: (id: string, graph: Graph) => string | null;
}

/** The pieces of what the page and a film on other sites load at once: what both have, and the rest of each. */
export function pieces(root: string): Piece[] {
  const reached = new Map<string, ReadonlySet<string>>();
  const isIn = (entry: string, id: string, graph: Graph): boolean => {
    const known = reached.get(entry) ?? reach(root + entry, graph);
    reached.set(entry, known);
    return known.has(id);
  };
  const piece = (name: string, priority: number, isMine: (id: string, graph: Graph) => boolean): Piece => ({
    tags: ['$initial'],
    priority,
    name: (id, graph) => (isMine(id, graph) ? name : null),
  });
  return [
    // First, so that neither of the others takes it along.
    piece('ground', 2, (id, graph) => isIn(PAGE, id, graph) && isIn(EMBED, id, graph)),
    piece('page', 1, (id, graph) => isIn(PAGE, id, graph)),
    piece('alone', 1, (id, graph) => isIn(EMBED, id, graph)),
  ];
}

/** The modules that one needs before it runs. */
function reach(entry: string, graph: Graph): ReadonlySet<string> {
  const found = new Set<string>();
  const take = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const one of graph.getModuleInfo(id)?.importedIds ?? []) take(one);
  };
  take(entry);
  return found;
}
