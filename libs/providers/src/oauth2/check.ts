import { createPrivateKey } from 'node:crypto';
import type { FieldError, Secret } from '@app/common';
import { HEADER_NAME } from '../patterns.js';
import { SECRET_HEADER } from './client-authentication.js';
import { credentialHeader } from './request.js';
import type { OAuth2Settings } from './settings.js';
import { fillTemplate, parametersOf } from './url-template.js';

type Secrets = Readonly<Record<string, Secret>>;

/** Ways of authentication that need parameters. */
const AUTHS_BY_PARAMETER: ReadonlySet<string> = new Set(['body', 'private_key_jwt']);

/** What does not fit together in the settings in force, by path. What is merely missing is told elsewhere. */
export function checkTogether(settings: OAuth2Settings, secrets: Secrets): readonly FieldError[] {
  return [
    ...checkUrl('token_url', settings),
    ...checkUrl('introspection_url', settings),
    ...checkPlaces(settings),
    ...checkHeaders(settings),
    ...checkGrant(settings),
    ...checkKey(settings, secrets),
  ];
}

function checkUrl(name: 'token_url' | 'introspection_url', settings: OAuth2Settings): readonly FieldError[] {
  const template = settings[name];
  if (template === undefined) {
    return [];
  }
  const missing = parametersOf(template).filter((parameter) => !Object.hasOwn(settings.url_parameters, parameter));
  if (missing.length > 0) {
    return missing.map((parameter) => wrong(`url_parameters.${parameter}`, `is required: ${name} asks for it`));
  }
  return fillTemplate(template, settings.url_parameters) === undefined
    ? [wrong(name, 'must be an absolute http or https URL once url_parameters stand in it')]
    : [];
}

/** Where parameters and the credential can go. */
function checkPlaces(settings: OAuth2Settings): readonly FieldError[] {
  const { method, encoding, client_auth: auth, credential_in: place, grant } = settings;
  const errors: FieldError[] = [];
  if (method === 'GET' && !['query', 'none'].includes(encoding)) {
    errors.push(wrong('encoding', 'must be query or none where method is GET: such a request has no body'));
  }
  if (encoding === 'none' && place === 'body' && grant !== 'client_credentials') {
    errors.push(wrong('credential_in', 'must be query or header where encoding is none: no body is sent'));
  }
  if (encoding === 'none' && AUTHS_BY_PARAMETER.has(auth)) {
    errors.push(wrong('client_auth', 'must not be body or private_key_jwt where encoding is none: no body is sent'));
  }
  return errors;
}

/** Headers that are set by two settings at once, or by the broker itself. */
function checkHeaders(settings: OAuth2Settings): readonly FieldError[] {
  const { client_auth: auth, credential_in: place, grant } = settings;
  const errors: FieldError[] = [];
  const isInHeader = place === 'header' && grant !== 'client_credentials';
  const header = credentialHeader(settings);
  if (isInHeader && header === 'authorization' && auth.startsWith('basic')) {
    errors.push(wrong('client_auth', 'must not be basic where the credential stands in the Authorization header too'));
  }
  if (isInHeader && header !== 'authorization' && !isHeaderName(header)) {
    errors.push(wrong('credential_name', 'must be the name of a header that is not set by itself'));
  }
  for (const name of ['client_id_name', 'client_secret_name'] as const) {
    if (auth === 'header' && !isHeaderName(settings[name] ?? SECRET_HEADER)) {
      errors.push(wrong(name, 'must be the name of a header that is not set by itself'));
    }
  }
  return errors;
}

function checkGrant(settings: OAuth2Settings): readonly FieldError[] {
  const { grant, rolling, assertion, client_id: id, credential_name: name, parameters } = settings;
  const errors: FieldError[] = [];
  if (rolling && grant !== 'refresh_token') {
    errors.push(
      wrong('rolling', 'must not be true where grant is not refresh_token: nothing is held that could renew'),
    );
  }
  if (grant === 'jwt_bearer' && assertion.issuer === undefined && id === undefined) {
    errors.push(wrong('assertion.issuer', 'is required where client_id is not set'));
  }
  const { client_secret_name: secretName } = settings;
  const secret = new Set(['refresh_token', 'client_secret', 'client_assertion', 'assertion', name, secretName]);
  for (const [parameter, value] of Object.entries(parameters)) {
    if (secret.has(parameter) && value !== null) {
      errors.push(wrong(`parameters.${parameter}`, 'must not be a constant: it is a secret that is sent by itself'));
    }
  }
  return errors;
}

/** Whether the key is one of the algorithm's. What is no key at all was told when it was stored. */
function checkKey({ assertion, client_auth: auth, grant }: OAuth2Settings, secrets: Secrets): readonly FieldError[] {
  const pem = secrets['private_key']?.reveal();
  if (pem === undefined || (auth !== 'private_key_jwt' && grant !== 'jwt_bearer')) {
    return [];
  }
  const algorithm = assertion.algorithm ?? 'RS256';
  const kind = kindOf(pem);
  return kind === undefined || kind.test(algorithm)
    ? []
    : [wrong('assertion.algorithm', 'must be one that the private key is for')];
}

/** Algorithms by the kind of a key, or undefined where it cannot be told. */
function kindOf(pem: string): RegExp | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    return KINDS[asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? ''] ?? /^$/;
  } catch {
    return undefined;
  }
}

const KINDS: Readonly<Record<string, RegExp>> = {
  rsa: /^(RS|PS)/,
  'rsa-pss': /^PS/,
  prime256v1: /^ES256$/,
  secp384r1: /^ES384$/,
  secp521r1: /^ES512$/,
  ed25519: /^EdDSA$/,
};

const isHeaderName = (name: string): boolean => new RegExp(HEADER_NAME).test(name);

const wrong = (path: string, message: string): FieldError => ({ field: `settings.${path}`, message });
