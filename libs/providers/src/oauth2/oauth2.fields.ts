import type { ProviderField } from '../fields.js';
import { ANSWER_FIELDS } from './fields/answer.fields.js';
import { BEHAVIOUR_FIELDS } from './fields/behaviour.fields.js';
import { CLIENT_FIELDS } from './fields/client.fields.js';
import { endpointFields } from './fields/endpoint.fields.js';

/** What is configured for the type `oauth2`, as it is required in the plain case; `presets` are the names of those known. */
export const oauth2Fields = (presets: readonly string[]): readonly ProviderField[] => [
  ...endpointFields(presets),
  ...CLIENT_FIELDS,
  ...BEHAVIOUR_FIELDS,
  ...ANSWER_FIELDS,
];
