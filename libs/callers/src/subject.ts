/** How an audit event names the caller that a change concerns; its actor is who made the change. */
export const nameOfCaller = (caller: string): string => `caller=${caller}`;

/** The same for one of its keys. */
export const nameOfKey = (caller: string, keyId: string): string => `caller=${caller} key=${keyId}`;
