import { isNetwork, ValidateBy, type ValidationOptions } from '@app/common';

/** The networks of a comma-separated list; an empty text is an empty list. */
export const parseNetworks = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** class-validator: a comma-separated list of CIDR networks, possibly empty. */
export const IsNetworkList = (options: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isNetworkList',
      validator: { validate: (value) => typeof value === 'string' && parseNetworks(value).every(isNetwork) },
    },
    options,
  );
