import { ValidateBy } from '@app/common';

/** Refuses what is no list, and a list of which `complaintAbout` complains about an item, with the first complaint. */
export const ListOf = (complaintAbout: (item: unknown) => string | undefined): PropertyDecorator => {
  const complaint = (value: unknown): string | undefined =>
    Array.isArray(value)
      ? (value as readonly unknown[]).map(complaintAbout).find((found) => found !== undefined)
      : 'must be a list';
  return ValidateBy({
    name: 'listOf',
    validator: {
      validate: (value: unknown) => complaint(value) === undefined,
      defaultMessage: (context) => complaint(context?.value) ?? '',
    },
  });
};

/** The members of an object; undefined where it is none, or has others than `known`. */
export function membersOf(value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  return Object.keys(value).every((name) => known.includes(name)) ? { ...value } : undefined;
}
