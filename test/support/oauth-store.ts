type Payload = Readonly<Record<string, unknown>>;

/** Where an OAuth server keeps what it issues, by model and id, while a test runs. */
export class OAuthStore {
  readonly #kept = new Map<string, Record<string, unknown>>();

  /** What the server calls for one of its models; `clients` are the registered ones. */
  adapterFor(model: string, clients: readonly Payload[]): object {
    const key = (id: string): string => `${model}/${id}`;
    const kept = this.#kept;
    return {
      find: async (id: string) =>
        model === 'Client' ? clients.find((client) => client['client_id'] === id) : kept.get(key(id)),
      upsert: async (id: string, payload: Payload) => void kept.set(key(id), { ...payload }),
      consume: async (id: string) => void Object.assign(kept.get(key(id)) ?? {}, { consumed: Date.now() / 1000 }),
      destroy: async (id: string) => void kept.delete(key(id)),
      revokeByGrantId: async (grantId: string) => {
        for (const [id, payload] of kept) {
          if (payload['grantId'] === grantId) {
            kept.delete(id);
          }
        }
      },
    };
  }
}
