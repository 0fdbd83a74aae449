// The broker runs from a bundle: a profile of it is read in the lines of its sources and packages, through the maps beside the bundle.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

const maps = new Map();

function mapOf(url) {
  if (!maps.has(url)) {
    const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
    maps.set(url, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(url);
}

function mapped(frame) {
  const entry = mapOf(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (entry?.originalSource === undefined) {
    return frame;
  }
  const url = new URL(entry.originalSource, frame.url).href;
  return { ...frame, url, lineNumber: entry.originalLine, columnNumber: entry.originalColumn };
}

/** The profile (of `node:inspector`), with frames as they stand in the sources. */
export const mappedProfile = (profile) => ({
  ...profile,
  nodes: profile.nodes.map((node) => ({ ...node, callFrame: mapped(node.callFrame) })),
});
