import { Injectable } from '@nestjs/common';
import { Keyring } from '@app/crypto';
import { KeyFollower } from './key.follower.js';
import { KeyProofs } from './key-proofs.js';
import { KeyRegistrar } from './key-registrar.js';

/** The start of a replica, as far as encryption keys are concerned. */
@Injectable()
export class KeyOpening {
  constructor(
    private readonly keyring: Keyring,
    private readonly follower: KeyFollower,
    private readonly proofs: KeyProofs,
    private readonly registrar: KeyRegistrar,
  ) {}

  /**
   * From now on the keyring follows what all replicas share; a database without keys is told those of this replica. A wrong or
   * missing key is found here, not at the first refresh. @throws EnvelopeError that says which.
   */
  async open(): Promise<void> {
    if ((await this.follower.read()).length === 0) {
      await this.registrar.seed();
    }
    await this.proofs.require(await this.follower.read());
    this.keyring.listenTo(this.follower);
  }
}
