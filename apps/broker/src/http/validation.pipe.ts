import { ValidationPipe } from '@nestjs/common';
import { type BrokerError, type FieldError, invalidRequest, type ValidationError, validatorPackage } from '@app/common';

/** As class-validator calls them: what is missing, and what cannot be looked into, of which `IsObject` complains in our words. */
const MISSING = 'isDefined';
const NESTED = 'nestedValidation';

/**
 * Requests → DTOs: unknown members are refused, and every complaint names its field. Each field has one complaint, that of its topmost
 * decorator: write what a value must be at all (there, once, a text) above what it must be beside.
 */
export const createValidationPipe = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: refusalOf,
    validatorPackage,
  });

const refusalOf = (errors: readonly ValidationError[]): BrokerError =>
  invalidRequest(errors.flatMap((error) => complaintsOf(error, '')));

function complaintsOf({ property, constraints = {}, children = [] }: ValidationError, parent: string): FieldError[] {
  const field = parent === '' ? property : `${parent}.${property}`;
  const own = mostBasicOf(constraints);
  return own === undefined
    ? children.flatMap((child) => complaintsOf(child, field))
    : [{ field, message: inOurWords(...own, property) }];
}

/** TypeScript applies decorators from the lowest to the topmost, but class-validator has its own complaints about what is missing first. */
function mostBasicOf(
  constraints: Readonly<Record<string, string>>,
): readonly [rule: string, message: string] | undefined {
  const all = Object.entries(constraints);
  const own = all.filter(([rule]) => rule !== NESTED);
  return own.find(([rule]) => rule === MISSING) ?? own.at(-1) ?? all[0];
}

/** class-validator begins its own messages with the property's name; ours do not. */
function inOurWords(rule: string, message: string, property: string): string {
  if (rule === 'whitelistValidation') {
    return 'is not known here';
  }
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
