import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where a frame of a stack ends: file, line and column. */
const PLACE = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/;

/** By file; `undefined` where it has no map. As many as there are files of ours that ever fail. */
const maps = new Map<string, SourceMap | undefined>();

/**
 * A frame of a stack, with the line of the source in place of that of the build; as it was where the build has no map. The map is read
 * when its file first fails: Node's own --enable-source-maps reads those of all files at start and keeps them, 8 to 11 MB.
 */
export function sourceFrame(frame: string): string {
  const [place, file = '', line = '', column = ''] = PLACE.exec(frame) ?? [];
  const found = place === undefined ? undefined : mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
  // Its declared type misses that nothing may be found.
  if (place === undefined || found === undefined || !isFound(found)) {
    return frame;
  }
  const source = new URL(found.originalSource, file).href;
  return frame.replace(place, `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`);
}

const isFound = (entry: SourceMapping | object): entry is SourceMapping => 'originalSource' in entry;

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) {
    maps.set(file, readMap(file));
  }
  return maps.get(file);
}

/** An error must be told even where its map cannot be read. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
