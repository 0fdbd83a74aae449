/** What carries headers: Fastify's reply, or one that does as much. */
interface Headed {
  header(name: string, value: string): Headed;
}

/** What every answer says, whatever comes of its request. */
export const setCommonHeaders = ({ id }: { readonly id: string }, reply: Headed): void =>
  void reply.header('x-request-id', id).header('cache-control', 'no-store');
