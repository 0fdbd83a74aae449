type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

function parentOf(root: unknown, path: string): readonly [Tree | undefined, string] {
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce<unknown>((node, name) => (isTree(node) ? node[name] : undefined), root);
  return [isTree(parent) ? parent : undefined, last];
}

/**
 * Sets a value at a dotted path, as an own property whatever its name is.
 * @throws Error where there is no object to hold it
 */
export function setPath(root: unknown, path: string, value: unknown): void {
  const [parent, name] = parentOf(root, path);
  if (!parent) {
    throw new Error(`The success body has no object that could hold "${path}".`);
  }
  Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Removes what is at a dotted path; nothing there is no error. */
export function deletePath(root: unknown, path: string): void {
  const [parent, name] = parentOf(root, path);
  if (parent) {
    delete parent[name];
  }
}
