import { ValidationPipe } from '@nestjs/common';
import { type BrokerError, type FieldError, invalidRequest, type ValidationError, validatorPackage } from '@app/common';

/** Requests → DTOs: unknown members are refused, and every complaint names its field. */
export const createValidationPipe = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: refusalOf,
    validatorPackage,
  });

const refusalOf = (errors: readonly ValidationError[]): BrokerError =>
  invalidRequest(errors.flatMap((error) => complaintsOf(error, '')));

function complaintsOf({ property, constraints = {}, children = [] }: ValidationError, parent: string): FieldError[] {
  const field = parent === '' ? property : `${parent}.${property}`;
  const own = Object.entries(constraints).map(([rule, message]) => ({
    field,
    message: inOurWords(rule, message, property),
  }));
  return [...own, ...children.flatMap((child) => complaintsOf(child, field))];
}

/** class-validator begins its own messages with the property's name; ours do not. */
function inOurWords(rule: string, message: string, property: string): string {
  if (rule === 'whitelistValidation') {
    return 'is not known here';
  }
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
