/** Scheme, host and port, as `URL.origin` writes them; `https://*.example.com` stands for every host below example.com. */
export type Host = string;

/** The least number of labels behind a `*`: `*.example.com` says whose hosts are meant, `*.com` does not. */
const LEAST_LABELS = 2;

/** The hosts of these absolute URLs, each once; what is no http(s) URL is none. */
export function hostsOf(urls: readonly (string | undefined)[]): readonly Host[] {
  const origins = urls.flatMap((url) => {
    const origin = url === undefined || !URL.canParse(url) ? 'null' : new URL(url).origin;
    return origin === 'null' ? [] : [origin];
  });
  return [...new Set(origins)];
}

/** The host of a URL in which `placeholder` stands for whatever may come: `*` and what follows it, or undefined where that says too little. */
export function hostWithAny(url: string, placeholder: string): Host | undefined {
  if (!URL.canParse(url)) {
    return undefined;
  }
  const { protocol, hostname, port, origin } = new URL(url);
  const labels = hostname.split('.');
  const last = labels.findLastIndex((label) => label.includes(placeholder));
  if (last === -1) {
    return origin;
  }
  const fixed = labels.slice(last + 1);
  return fixed.length < LEAST_LABELS ? undefined : `${protocol}//*.${fixed.join('.')}${port === '' ? '' : `:${port}`}`;
}

/** Whether a host is among these, or below one of them that begins with `*`. */
export const isAmong = (host: Host, hosts: readonly Host[]): boolean =>
  hosts.some((one) => {
    const [scheme, domain] = one.split('*', 2);
    return domain === undefined ? one === host : host.startsWith(scheme ?? '') && host.endsWith(domain);
  });
