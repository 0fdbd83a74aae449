import type { Traits } from '@app/providers';

/** What the broker must make of a preset. */
export interface ExpectedPreset {
  /** The vendor's endpoint, with `url_parameters` filled in. */
  readonly url: string;
  readonly urlParameters?: Readonly<Record<string, string>>;
  readonly contentType?: 'application/json';
  readonly traits: Partial<Traits>;
  /** Whether a new refresh token comes; else the stored one stays. */
  readonly replaces: boolean;
  /** Seconds; null where the answer states none. */
  readonly ttl: number | null;
  readonly tokenType?: string;
  readonly extra?: readonly string[];
  /** What the provider says to a dead refresh token. */
  readonly deadStatus?: number;
}

const DAY = 86_400;

/** What the broker must make of each preset, by name. */
export const EXPECTED_PRESETS: Readonly<Record<string, ExpectedPreset>> = {
  atlassian: {
    url: 'https://auth.atlassian.com/oauth/token',
    contentType: 'application/json',
    traits: { rotation: 'grace', graceSeconds: 600, idleSeconds: 90 * DAY },
    replaces: true,
    ttl: 3600,
    deadStatus: 403,
  },
  docusign: {
    url: 'https://account.docusign.com/oauth/token',
    traits: { rotation: 'strict', idleSeconds: 30 * DAY },
    replaces: true,
    ttl: 28_800,
  },
  dropbox: {
    url: 'https://api.dropboxapi.com/oauth2/token',
    traits: { rotation: 'static' },
    replaces: false,
    ttl: 14_400,
  },
  'github-app-user': {
    url: 'https://github.com/login/oauth/access_token',
    traits: { rotation: 'strict', oldTokenSurvives: false, idleSeconds: 180 * DAY },
    replaces: true,
    ttl: 28_800,
    deadStatus: 200,
  },
  google: {
    url: 'https://oauth2.googleapis.com/token',
    traits: { rotation: 'static', idleSeconds: 180 * DAY },
    replaces: false,
    ttl: 3599,
  },
  hubspot: {
    url: 'https://api.hubapi.com/oauth/v3/token',
    traits: { rotation: 'static' },
    replaces: false,
    ttl: 1800,
    extra: ['hub_id'],
  },
  'microsoft-entra': {
    url: 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
    urlParameters: { tenant: 'contoso.example' },
    traits: { rotation: 'static', idleSeconds: 90 * DAY },
    replaces: true,
    ttl: 3600,
  },
  notion: {
    url: 'https://api.notion.com/v1/oauth/token',
    contentType: 'application/json',
    traits: { rotation: 'strict', defaultTtlSeconds: 3600 },
    replaces: true,
    ttl: null,
    extra: ['bot_id', 'workspace_id'],
  },
  quickbooks: {
    url: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
    traits: { rotation: 'grace', graceSeconds: DAY, idleSeconds: 100 * DAY },
    replaces: true,
    ttl: 3600,
  },
  salesforce: {
    url: 'https://login.salesforce.com/services/oauth2/token',
    traits: { rotation: 'strict', defaultTtlSeconds: 3600 },
    replaces: true,
    ttl: null,
    extra: ['id', 'instance_url'],
  },
  shopify: {
    url: 'https://acme-store.myshopify.com/admin/oauth/access_token',
    urlParameters: { shop: 'acme-store' },
    traits: { rotation: 'grace', graceSeconds: 3600, oldTokenSurvives: false, idleSeconds: 90 * DAY },
    replaces: true,
    ttl: 3600,
  },
  slack: {
    url: 'https://slack.com/api/oauth.v2.access',
    traits: { rotation: 'strict' },
    replaces: true,
    ttl: 43_200,
    extra: ['app_id', 'bot_user_id', 'team_id'],
    deadStatus: 200,
  },
  xero: {
    url: 'https://identity.xero.com/connect/token',
    traits: { rotation: 'grace', graceSeconds: 1800, idleSeconds: 30 * DAY },
    replaces: true,
    ttl: 1800,
  },
  zendesk: {
    url: 'https://acme.zendesk.com/oauth/tokens',
    urlParameters: { subdomain: 'acme' },
    contentType: 'application/json',
    traits: { rotation: 'strict', oldTokenSurvives: false, idleSeconds: 30 * DAY },
    replaces: true,
    ttl: 1800,
  },
  zoho: {
    url: 'https://accounts.zoho.eu/oauth/v2/token',
    urlParameters: { accounts_server: 'accounts.zoho.eu' },
    traits: { rotation: 'static' },
    replaces: false,
    ttl: 3600,
    tokenType: 'Zoho-oauthtoken',
    extra: ['api_domain'],
    deadStatus: 200,
  },
};
