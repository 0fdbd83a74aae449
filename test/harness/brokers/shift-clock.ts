/** Makes this process believe that it is so many milliseconds later; the monotonic clock stays as it is. */
export function shiftClock(ms: number): void {
  if (ms === 0) {
    return;
  }
  const { now } = Date;
  const RealDate = Date;
  const shifted = (): number => now.call(RealDate) + ms;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: readonly unknown[]) =>
      Reflect.construct(target, given.length === 0 ? [shifted()] : given) as Date,
    apply: (target) => new target(shifted()).toString(),
    get: (target, property) => (property === 'now' ? shifted : (Reflect.get(target, property) as unknown)),
  });
}
