// The broker runs from a bundle: a profile of it is read in the lines of its sources and packages, as its log names them.
import { sourceFrame } from '../../dist/libs/common/src/source-frame.js';

const PLACE = /^(.*):(\d+):(\d+)$/;

/** A profile counts lines and columns from 0, a stack from 1. */
function mapped({ url, lineNumber, columnNumber, ...frame }) {
  const [, source, line, column] = PLACE.exec(sourceFrame(`${url}:${lineNumber + 1}:${columnNumber + 1}`));
  return { ...frame, url: source, lineNumber: line - 1, columnNumber: column - 1 };
}

/** The profile (of `node:inspector`), with frames as they stand in the sources. */
export const mappedProfile = (profile) => ({
  ...profile,
  nodes: profile.nodes.map((node) => ({ ...node, callFrame: mapped(node.callFrame) })),
});
