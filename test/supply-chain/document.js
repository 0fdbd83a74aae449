// Writes docs/dependency-tree.md: every package that production installs, its size, and what needs it.
// Usage: npm run dependencies
import { lstat, readdir, writeFile } from 'node:fs/promises';
import { productionTree, readProjectJson } from './tree.js';

const ROOT = new URL('../../', import.meta.url);
const FILE = new URL('docs/dependency-tree.md', ROOT);

/** Bytes of a package without those that it has in a `node_modules` of its own; 0 where it is not installed on this platform. */
async function sizeOf(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = new URL(`${encodeURIComponent(entry.name)}${entry.isDirectory() ? '/' : ''}`, folder);
    if (entry.isDirectory()) {
      bytes += entry.name === 'node_modules' ? 0 : await sizeOf(path);
    } else {
      bytes += (await lstat(path)).size;
    }
  }
  return bytes;
}

const nameAt = (place) => place.split('node_modules/').at(-1);

const reasonOf = ({ needers }) =>
  needers.has(null)
    ? '[ours](dependencies.md)'
    : [...new Set([...needers].map((place) => `\`${nameAt(place)}\``))].toSorted().join(', ');

async function rowOf(entry) {
  const bytes = await sizeOf(new URL(`${entry.place}/`, ROOT));
  const size = bytes === 0 ? 'another platform' : String(Math.ceil(bytes / 1024));
  return { bytes, line: `| \`${entry.name}\` | ${entry.version} | ${size} | ${reasonOf(entry)} |` };
}

const tree = productionTree(await readProjectJson('package-lock.json'));
const rows = await Promise.all(tree.map(rowOf));
const megabytes = Math.round(rows.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 / 1024);
const text = `# The production tree

What \`npm install --omit=dev\` installs, by name; the kilobytes are those on disk. Written by \`npm run dependencies\`; a test
fails where the lockfile has other packages. Why we need those that we ask for ourselves: [dependencies.md](dependencies.md).
As a CycloneDX document: \`npm run --silent sbom\`.

${tree.length} packages, ${megabytes} MB with the programs of the embedded Postgres for one platform, which production leaves out
(\`--omit=optional\`).

| package | version | kB | needed by |
| --- | --- | --: | --- |
${rows.map(({ line }) => line).join('\n')}
`;
await writeFile(FILE, text);
