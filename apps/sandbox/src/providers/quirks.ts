import type { Condition } from '../exchange/conditions.js';
import type { Presented } from '../exchange/presented.js';
import { monetate } from './monetate.js';

/** What a provider's answers file cannot say. */
export interface Quirks {
  /** The fields that name the credential, where they are not presented as they are. */
  readonly identify?: (presented: Presented) => Presented;
  /** Conditions that only its rules use. */
  readonly conditions?: Readonly<Record<string, Condition>>;
}

const QUIRKS: Readonly<Record<string, Quirks>> = { monetate };

/** The quirks of a provider; most have none. */
export const findQuirks = (provider: string): Quirks | undefined =>
  Object.hasOwn(QUIRKS, provider) ? QUIRKS[provider] : undefined;
