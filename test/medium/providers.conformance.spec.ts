import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLog, Log } from '@app/common';
import { Config, TIMING } from '@app/config';
import {
  canRelogin,
  configuredOf,
  checkComplete,
  checkFields,
  type EffectiveCredential,
  type Grant,
  nextStep,
  type Outcome,
  ProviderRegistry,
  ProvidersModule,
  RefreshExchange,
  type GrantStep,
} from '@app/providers';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  type AnswersFile,
  type Fault,
  type IssuedCredential,
  loadAnswers,
  type Sandbox,
  startSandbox,
} from '../../apps/sandbox/src/index.js';
import {
  brokenAnswers,
  failureOf,
  SLOW_ANSWERS,
  statedLifetimes,
  stepsOf,
  unusualAnswers,
} from '../support/conformance-cases.js';
import { adopted, asOAuth2, builtIn, effectiveOf } from '../support/conformance-subjects.js';

/** What a provider's tokens are used with, as its answers file documents it: `Bearer {access_token}`. */
type Use = { readonly use?: { readonly value?: string } };

@Module({})
class GlobalRoom {}

const globals = {
  module: GlobalRoom,
  global: true,
  providers: [
    { provide: Config, useValue: { outboundAllowedNetworks: ['127.0.0.0/8'], timing: TIMING } },
    { provide: Log, useValue: createLog('silent') },
  ],
  exports: [Config, Log],
};
const NAMES = { settings: 'settings', secrets: 'credential' };
const app = await Test.createTestingModule({ imports: [globals, ProvidersModule] }).compile();
const registry = app.get(ProviderRegistry);
const exchange = app.get(RefreshExchange);
const answers = loadAnswers();

const oauth2 = registry.require('oauth2');
const subjects = [
  ...registry
    .all()
    .filter((provider) => provider !== oauth2)
    .map(builtIn),
  ...asOAuth2(oauth2),
];

describe.each(subjects)(
  'conformance of $name',
  ({ provider: sut, sandbox: type, configure, knowsLogin, zeroSaysNothing }) => {
    const file = answers.get(type);
    let sandbox: Sandbox;
    let issued: IssuedCredential;

    beforeAll(async () => {
      sandbox = await startSandbox();
    });

    afterAll(() => sandbox.close());

    it('should have its documented answers at the sandbox', () => {
      expect(file?.provider).toBe(type);
    });

    if (file === undefined) {
      return;
    }

    beforeAll(async () => {
      issued = configure(await sandbox.issue(type));
    });

    afterEach(() => sandbox.clearFaults());

    describe.each(stepsOf(file).filter(({ step }) => knowsLogin || step === 'refresh'))('$step', (documented) => {
      const { step } = documented;

      it.each(documented.errors)('should read the documented answer $id as $outcome: $reason', async (answer) => {
        const outcome = await attempt(step, { kind: 'answer', id: answer.id });
        expect({ ...outcome, individual: undefined }).toEqual(failureOf(answer));
      });

      it.each(brokenAnswers(documented))('should survive %s', async (_name, fault, failure) => {
        expect(await attempt(step, fault)).toEqual(failure);
      });

      it.each(SLOW_ANSWERS)('should give up %s', async (_name, fault, failure) => {
        expect(await attempt(step, fault, effectiveOf(issued), 300)).toEqual(failure);
      });

      it.each(unusualAnswers(documented))('should understand %s', async (_name, fault) => {
        const token = grantOf(await attempt(step, fault)).accessToken.reveal();

        expect(sandbox.lookup(token)).toMatchObject({ kind: 'access', live: true });
      });

      it.each(statedLifetimes(documented, zeroSaysNothing))(
        'should read a stated lifetime of %s',
        async (_name, fault, expected) => {
          expect(grantOf(await attempt(step, fault))).toMatchObject(expected);
        },
      );
    });

    it('should accept as configuration what the sandbox issues', () => {
      const { settings, secrets, credential } = issued;

      expect(checkFields(sut, { settings, secrets }, NAMES)).toEqual([]);
      expect(checkFields(sut, { settings, secrets: credential }, NAMES)).toEqual([]);
      expect(checkComplete(sut, effectiveOf(issued), NAMES)).toEqual([]);
    });

    it('should get a token by the real rules, and the next one with what came back', async () => {
      const own = configure(await sandbox.issue(type));
      const first = grantOf(await attempt('refresh', undefined, effectiveOf(own)));
      const second = grantOf(await attempt('refresh', undefined, adopted(own, first)));

      for (const { accessToken, tokenType, expiresInSeconds } of [first, second]) {
        expect(expiresInSeconds).toBe(file.sandbox.tokens['access']?.ttl_seconds);
        expect(sandbox.lookup(accessToken.reveal())).toMatchObject({ credential: own.id, live: true });
        expect(`${tokenType} {access_token}`).toBe((file as AnswersFile & Use).use?.value);
      }
      expect(second.accessToken.reveal()).not.toBe(first.accessToken.reveal());
    });

    it('should know a credential that was withdrawn', async () => {
      const own = configure(await sandbox.issue(type));
      sandbox.revoke(own.id);

      const { kind } = await attempt('refresh', undefined, effectiveOf(own));

      expect(['rejected', 'misconfigured']).toContain(kind);
    });

    if (knowsLogin && file.bootstrap.length > 0) {
      it('should log in again once all is lost, and refresh with what the log-in brought', async () => {
        const own = configure(await sandbox.issue(type));
        const dead = effectiveOf(own);
        sandbox.expire(own.id);

        expect(await attempt('refresh', undefined, dead)).toMatchObject({ kind: 'rejected' });
        expect(nextStep(sut, configuredOf(dead), { tokenLives: false, rejected: true })).toBe('relogin');
        const login = grantOf(await attempt('relogin', undefined, dead));
        const refreshed = grantOf(await attempt('refresh', undefined, adopted(own, login)));

        expect(sandbox.lookup(refreshed.accessToken.reveal())).toMatchObject({ credential: own.id, live: true });
      });
    } else {
      it('should have no way to log in again', () => {
        expect(canRelogin(sut, configuredOf(effectiveOf(issued)))).toBe(false);
        expect(nextStep(sut, configuredOf(effectiveOf(issued)), { tokenLives: false, rejected: true })).toBeUndefined();
      });
    }

    /** One attempt against the sandbox; whatever becomes of it, exactly one request arrives there. */
    async function attempt(
      step: GrantStep,
      fault: Fault | undefined,
      credential: EffectiveCredential = effectiveOf(issued),
      deadlineMs = 5_000,
    ): Promise<Outcome> {
      sandbox.clearRequests();
      if (fault !== undefined) {
        sandbox.fault(type, { ...fault, step });
      }
      const { outcome } = await exchange.send(sut, step, credential, { now: Date.now(), deadlineMs });
      expect(sandbox.requests()).toEqual([
        expect.objectContaining({ provider: type, step, fault: fault?.kind ?? null }),
      ]);
      return outcome;
    }
  },
);

function grantOf(outcome: Outcome): Grant {
  if (outcome.kind !== 'ok') {
    throw new Error(`${outcome.kind}: ${outcome.reason} (${outcome.status})`);
  }
  return outcome.grant;
}
