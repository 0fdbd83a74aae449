import { ValidateIf } from '@app/common';

/** Property of a DTO that may be left out, but is not null: null is no value that anybody documented. */
export const Omissible = (): PropertyDecorator => ValidateIf((_dto, value) => value !== undefined);
