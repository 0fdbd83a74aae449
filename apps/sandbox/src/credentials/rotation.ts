import type { Rotation, SandboxSpec } from '../contract/answers-file.js';
import type { Behaviour } from './credential.js';

/**
 * Until when a refresh token that a success consumes now is still accepted, in epoch milliseconds; undefined where it is
 * not consumed at all. A credential that was told to behave otherwise does.
 */
export function acceptedUntil(sandbox: SandboxSpec, behaviour: Behaviour, now: number): number | undefined {
  const rotation: Rotation = behaviour.rotation ?? sandbox.rotation ?? 'static';
  const graceSeconds = behaviour.grace_seconds ?? sandbox.grace_seconds ?? 0;
  const ends = { static: undefined, strict: now, grace: now + graceSeconds * 1000 } satisfies Record<Rotation, unknown>;
  return ends[rotation];
}
