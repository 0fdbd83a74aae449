/** Lets every store of an answer fail for so many milliseconds from now. `guard`: when the trigger fires. */
export const refuseStores = (guard: string, ms: number): string => `
  create function refuse_store() returns trigger language plpgsql as $$
  begin
    if clock_timestamp() < '${new Date(Date.now() + ms).toISOString()}' then
      raise exception 'The store is refused.';
    end if;
    return new;
  end $$;
  create trigger refuse_stores ${guard} execute function refuse_store()`;
