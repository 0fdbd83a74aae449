import { type ProviderField, setting } from './fields.js';
import { LINES } from './patterns.js';
import type { Provider } from './provider.js';
import { complaintAboutCertificates } from './request/certificates.js';

/** The name of the setting that holds a private CA. */
export const CA_CERTIFICATES = 'ca_certificates';

/** Fields that every type has beside its own. */
export const COMMON_FIELDS: readonly ProviderField[] = [
  setting(
    CA_CERTIFICATES,
    {
      type: 'string',
      description:
        'Certificates in PEM of a private CA that is trusted for this provider, beside those that are trusted anyway.',
      pattern: LINES,
      minLength: 1,
      maxLength: 24_000,
    },
    { check: (pem) => complaintAboutCertificates(pem) },
  ),
];

/** Every field that can be configured for a provider of this type: its own, and those that all types have. */
export const configurableFields = ({ fields }: Pick<Provider, 'fields'>): readonly ProviderField[] => [
  ...fields,
  ...COMMON_FIELDS,
];
