import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** What is wrong with a text of PEM certificates, naming the first one that cannot be trusted by its place; undefined where all can be. */
export function complaintAboutCertificates(pem: string, now = Date.now()): string | undefined {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.some(([, label]) => label?.endsWith('PRIVATE KEY'))) {
    return 'must hold certificates only: it holds a private key, which belongs nowhere near here';
  }
  if (blocks.length === 0 || pem.replaceAll(BLOCK, '').includes('-----')) {
    return 'must be whole certificates in PEM, one after the other';
  }
  const complaints = blocks.map(([block, label], index) => complaintAbout(block, label, index + 1, now));
  return complaints.find((complaint) => complaint !== undefined);
}

function complaintAbout(block: string, label: string | undefined, place: number, now: number): string | undefined {
  const certificate = label === 'CERTIFICATE' ? parse(block) : undefined;
  if (certificate === undefined) {
    return `must be certificates: number ${place} cannot be read as one`;
  }
  const until = Date.parse(certificate.validTo);
  return until > now
    ? undefined
    : `must be certificates that are still valid: number ${place} expired on ${new Date(until).toISOString().slice(0, 10)}`;
}

function parse(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}
