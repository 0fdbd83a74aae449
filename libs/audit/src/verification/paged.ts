/**
 * The pages that `read` gives, each after the last item of the one before. The next page is asked for while the last is worked on;
 * whoever takes no further page stops it.
 */
export async function* paged<Item>(
  read: (last: Item | undefined) => Promise<readonly Item[]>,
  size: number,
): AsyncGenerator<readonly Item[]> {
  let next: Promise<readonly Item[]> | undefined = read(undefined);
  while (next !== undefined) {
    const page: readonly Item[] = await next;
    next = page.length < size ? undefined : read(page.at(-1));
    // Nobody waits for a page that is not wanted any more.
    next?.catch(() => undefined);
    if (page.length > 0) {
      yield page;
    }
  }
}
