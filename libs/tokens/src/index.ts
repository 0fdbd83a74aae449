export { AttemptRecorder } from './attempt.recorder.js';
export { Census } from './census.js';
export { CoveredConnections } from './covered.connections.js';
export { type RefreshReport, RefreshService } from './refresh.service.js';
export { Refresher } from './refresher.js';
export { Scheduler } from './scheduler.js';
export { TokenService } from './token.service.js';
export type { IssuedToken, TokenRequest, Warning } from './token-request.js';
export { TokensModule } from './tokens.module.js';
