import { Counter, Gauge } from 'prom-client';

/** Progress of re-wrapping by this replica. */
export const rewrappedValues = new Counter({
  name: 'claviger_rewrapped_values_total',
  help: 'Sealed values that this replica brought under the primary encryption key, by the key that had sealed them.',
  labelNames: ['key'],
});

/** Keys and their states, at the time of the scrape. */
export const encryptionKeys = new Gauge({
  name: 'claviger_encryption_keys',
  help: 'Encryption keys: 1 for each, with its provider and state (pending, primary, decrypt_only, retired).',
  labelNames: ['key', 'provider', 'state'],
});

/** What is left to re-wrap. */
export const encryptionKeyValues = new Gauge({
  name: 'claviger_encryption_key_values',
  help: 'Stored values that are sealed with a key that is not the primary one.',
  labelNames: ['key'],
});

/** Replicas that do not open the key yet that is to become the primary one. */
export const replicasBehind = new Gauge({
  name: 'claviger_encryption_key_replicas_behind',
  help: 'Live replicas that a rotation of the encryption key waits for.',
});
