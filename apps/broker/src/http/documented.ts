import type * as Swagger from '@nestjs/swagger';

export type { ApiPropertyOptions } from '@nestjs/swagger';

/** What @nestjs/swagger is to be told once somebody reads the description. */
const told: ((swagger: typeof Swagger) => void)[] = [];

type Decorator =
  'ApiBearerAuth' | 'ApiBody' | 'ApiExtraModels' | 'ApiHeader' | 'ApiOperation' | 'ApiProduces' | 'ApiTags';
type Answer = 'ApiAcceptedResponse' | 'ApiCreatedResponse' | 'ApiNoContentResponse' | 'ApiOkResponse';
type Refusal =
  | 'ApiBadGatewayResponse'
  | 'ApiConflictResponse'
  | 'ApiForbiddenResponse'
  | 'ApiGatewayTimeoutResponse'
  | 'ApiServiceUnavailableResponse';
type Name = Decorator | Answer | Refusal | 'ApiProperty' | 'ApiPropertyOptional';

/** The decorator of that name with the same arguments, which is carried out by `describeAll`. */
const later =
  <Key extends Name>(name: Key) =>
  (...given: Parameters<(typeof Swagger)[Key]>) =>
  (...target: readonly unknown[]): void =>
    void told.push((swagger) => {
      const decorator = swagger[name] as (...values: readonly unknown[]) => (...to: readonly unknown[]) => void;
      decorator(...given)(...target);
    });

/*
 * The decorators of @nestjs/swagger that describe this API, under their own names. Loading that package takes 550 files and 3 to 6 MB
 * of every start, and few brokers are ever asked for their description.
 */
export const ApiAcceptedResponse = later('ApiAcceptedResponse');
export const ApiBadGatewayResponse = later('ApiBadGatewayResponse');
export const ApiBearerAuth = later('ApiBearerAuth');
export const ApiBody = later('ApiBody');
export const ApiConflictResponse = later('ApiConflictResponse');
export const ApiCreatedResponse = later('ApiCreatedResponse');
export const ApiExtraModels = later('ApiExtraModels');
export const ApiForbiddenResponse = later('ApiForbiddenResponse');
export const ApiGatewayTimeoutResponse = later('ApiGatewayTimeoutResponse');
export const ApiHeader = later('ApiHeader');
export const ApiNoContentResponse = later('ApiNoContentResponse');
export const ApiOkResponse = later('ApiOkResponse');
export const ApiOperation = later('ApiOperation');
export const ApiProduces = later('ApiProduces');
export const ApiProperty = later('ApiProperty');
export const ApiPropertyOptional = later('ApiPropertyOptional');
export const ApiServiceUnavailableResponse = later('ApiServiceUnavailableResponse');
export const ApiTags = later('ApiTags');

/** The operation takes If-Match. */
export const ApiIfMatch = (): ReturnType<typeof ApiHeader> =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'The ETag that was read; 412 where it changed. Without it the last writer wins.',
  });

/** Where the description has the schema of a class. */
export const schemaOf = (model: { readonly name: string }): string => `#/components/schemas/${model.name}`;

/** Carries out every decorator from here, once, in the order in which they stand. */
export function describeAll(swagger: typeof Swagger): void {
  for (const tell of told.splice(0)) {
    tell(swagger);
  }
}
