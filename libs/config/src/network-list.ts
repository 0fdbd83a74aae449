import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isIP } from 'node:net';

/** The networks of a comma-separated list; an empty text is an empty list. */
export const parseNetworks = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
}

/** class-validator: a comma-separated list of CIDR networks, possibly empty. */
export const IsNetworkList = (options: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isNetworkList',
      validator: { validate: (value) => typeof value === 'string' && parseNetworks(value).every(isNetwork) },
    },
    options,
  );
