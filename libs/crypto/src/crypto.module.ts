import { Log } from '@app/common';
import { Config } from '@app/config';
import { Module } from '@nestjs/common';
import { ApiKeyHashes } from './api-key-hashes.js';
import { Envelopes } from './envelopes.js';
import { Fingerprints } from './fingerprints.js';
import { Keyring } from './keyring.js';
import { keyringFor } from './keyring.provider.js';

/** Keys and what is done with them. Needs Config and Log in the application's global providers. */
@Module({
  providers: [
    { provide: Keyring, useFactory: keyringFor, inject: [Config, Log] },
    Envelopes,
    Fingerprints,
    ApiKeyHashes,
  ],
  exports: [Keyring, Envelopes, Fingerprints, ApiKeyHashes],
})
export class CryptoModule {}
