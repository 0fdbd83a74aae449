import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackage } from '@app/common';
import { isJsonObject } from '../answer/json.js';
import type { Settings } from '../provider.js';

/** A known provider: the settings of the type `oauth2` that make requests to it. */
export interface Preset {
  readonly title: string;
  /** The vendor's page that documents the exchange. */
  readonly documentation: string;
  /** As an operator would write them; what an operator does write counts before them. */
  readonly settings: Settings;
}

/** Where the presets lie, one JSON file each, named like the preset. */
export const presetsDirectory = (): string => inPackage('libs', 'providers', 'src', 'oauth2', 'presets');

/**
 * The presets by name, in alphabetical order.
 * @throws Error that names the file that is no preset.
 */
export function loadPresets(directory = presetsDirectory()): ReadonlyMap<string, Preset> {
  const files = readdirSync(directory).filter((file) => file.endsWith('.json'));
  return new Map(files.toSorted().map((file) => [file.slice(0, -'.json'.length), readPreset(join(directory, file))]));
}

function readPreset(file: string): Preset {
  const { title, documentation, settings } = parse(file);
  if (typeof title !== 'string' || typeof documentation !== 'string' || !isJsonObject(settings)) {
    throw new Error(`${file} is no preset: it needs the texts "title" and "documentation" and an object "settings".`);
  }
  return { title, documentation, settings };
}

function parse(file: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(readFileSync(file, 'utf8'))) as Readonly<Record<string, unknown>>;
  } catch {
    throw new Error(`${file} is no preset: it is not readable JSON.`);
  }
}
