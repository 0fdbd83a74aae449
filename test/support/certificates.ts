export { EXPIRED_CA, LEAF, LEAF_KEY, PRIVATE_CA } from '../../libs/providers/src/outbound/testing/certificates.js';
