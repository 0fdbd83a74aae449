/**
 * A test for whole names: `*` stands for any run of characters, everything else for itself. Not a regular expression: those
 * take exponential time for patterns of many stars, this takes one pass.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) {
    return (name) => name === pattern;
  }
  return (name) =>
    name.length >= head.length + tail.length &&
    name.startsWith(head) &&
    name.endsWith(tail) &&
    holdsInOrder(name.slice(head.length, name.length - tail.length), parts);
}

function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at === -1) {
      return false;
    }
    from = at + part.length;
  }
  return true;
}
