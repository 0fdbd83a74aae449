import { describe, expect, it } from '@jest/globals';
import { EXPIRED_CA, LEAF_KEY, PRIVATE_CA } from '../outbound/testing/certificates.js';
import { complaintAboutCertificates } from './certificates.js';

describe(complaintAboutCertificates.name, () => {
  it('should have none about one certificate or several, with line breaks of any kind and words between them', () => {
    expect(complaintAboutCertificates(PRIVATE_CA)).toBeUndefined();
    expect(
      complaintAboutCertificates(`# ours\r\n${PRIVATE_CA.replaceAll('\n', '\r\n')}\n\n${PRIVATE_CA}\n`),
    ).toBeUndefined();
  });

  it('should say which one has expired, and when', () => {
    expect(complaintAboutCertificates(`${PRIVATE_CA}\n${EXPIRED_CA}`)).toBe(
      'must be certificates that are still valid: number 2 expired on 2021-01-01',
    );
    expect(complaintAboutCertificates(EXPIRED_CA, Date.parse('2020-06-01T00:00:00Z'))).toBeUndefined();
  });

  it.each([
    ['of other bytes', PRIVATE_CA.replace('MII', 'AAA')],
    ['of another kind', PRIVATE_CA.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST')],
  ])('should say which one cannot be read: a block %s', (_what, block) => {
    expect(complaintAboutCertificates(`${PRIVATE_CA}\n${block}`)).toBe(
      'must be certificates: number 2 cannot be read as one',
    );
  });

  it.each([['nothing'], [PRIVATE_CA.slice(0, -10)], [`${PRIVATE_CA}\n${PRIVATE_CA.slice(0, -10)}`]])(
    'should miss whole certificates in a text without or with half of one',
    (text) => {
      expect(complaintAboutCertificates(text)).toBe('must be whole certificates in PEM, one after the other');
    },
  );

  it('should not take a private key, nor repeat it', () => {
    const complaint = complaintAboutCertificates(`${PRIVATE_CA}\n${LEAF_KEY}`);

    expect(complaint).toContain('private key');
    expect(complaint).not.toContain('MIGH');
  });
});
