// CPU profile → flame graph as an SVG file: width is time, a box stands on the one that called it, and a title tells file and share.

const ROOT = new URL('../../', import.meta.url).href;
const WIDTH = 1600;
const ROW = 17;
/** Narrower boxes cannot be seen, and are most of them. */
const NARROWEST = 0.8;
const LETTER = 6.6;
/** Not work of ours: the process waited. */
const WAITING = new Set(['(idle)']);

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Where a function stands, as a reader of the repository names it. */
function placeOf({ url, lineNumber }) {
  const short = url.replace(/^.*\/node_modules\//, '').replace(ROOT, '');
  return short === '' ? 'V8' : `${short}:${lineNumber + 1}`;
}

/** Colour by whose code it is: ours, a package's, Node's, V8's. */
function colourOf({ url, functionName }) {
  if (functionName === '(garbage collector)') {
    return '#d9534f';
  }
  if (url.includes('/node_modules/')) {
    return '#7fb2e5';
  }
  return url.startsWith(ROOT) ? '#f0a030' : url.startsWith('node:') ? '#8fce8f' : '#c8c8c8';
}

/** The tree of calls, with the microseconds of each node and all above it; calls of one function by one caller are one. */
function treeOf({ nodes, samples, timeDeltas }) {
  const own = new Map();
  samples.forEach((id, index) => own.set(id, (own.get(id) ?? 0) + timeDeltas[index]));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const build = (node) => {
    const children = (node.children ?? [])
      .map((id) => byId.get(id))
      .filter((child) => !WAITING.has(child.callFrame.functionName));
    const built = children.map(build).toSorted((one, other) => other.micros - one.micros);
    const micros = (own.get(node.id) ?? 0) + built.reduce((sum, child) => sum + child.micros, 0);
    return { frame: node.callFrame, micros, children: built };
  };
  return build(nodes[0]);
}

/** The picture, as text. */
export function flameGraph(profile, title) {
  const root = treeOf(profile);
  const boxes = [];
  let deepest = 0;
  const draw = ({ frame, micros, children }, x, depth) => {
    const width = (micros / root.micros) * WIDTH;
    if (width < NARROWEST) {
      return;
    }
    deepest = Math.max(deepest, depth);
    boxes.push({ frame, x, depth, width, share: (micros / root.micros) * 100 });
    let at = x;
    for (const child of children) {
      draw(child, at, depth + 1);
      at += (child.micros / root.micros) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = (deepest + 3) * ROW;
  const drawn = boxes.map(({ frame, x, depth, width, share }) => {
    const name = frame.functionName || '(anonymous)';
    const y = height - (depth + 1) * ROW;
    const label = width > 4 * LETTER ? name.slice(0, Math.floor(width / LETTER)) : '';
    return (
      `<g><title>${escape(`${name} (${placeOf(frame)}) ${share.toFixed(2)} %`)}</title>` +
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(frame)}"/>` +
      `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(label)}</text></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">` +
    `<text x="4" y="13">${escape(title)}</text>${drawn.join('\n')}</svg>\n`
  );
}

/** Shares of the functions themselves, most first: `{ name, place, share }` in percent of the time that was not waited. */
export function shares({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const own = new Map();
  let sum = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (!WAITING.has(frame.functionName)) {
      const key = `${frame.functionName || '(anonymous)'} ${placeOf(frame)}`;
      own.set(key, (own.get(key) ?? 0) + timeDeltas[index]);
      sum += timeDeltas[index];
    }
  });
  return [...own]
    .map(([key, micros]) => ({ function: key, share: Number(((micros / sum) * 100).toFixed(2)) }))
    .toSorted((one, other) => other.share - one.share);
}
