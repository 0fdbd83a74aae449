import type * as Whole from 'class-validator';
import { createRequire } from 'node:module';

export type { ValidationError, ValidationOptions } from 'class-validator';

const require = createRequire(import.meta.url);

/** What one file of class-validator exports by the name of the file. */
const part = <Name extends keyof typeof Whole>(folder: string, name: Name): (typeof Whole)[Name] =>
  (require(`class-validator/cjs/${folder}/${name}.js`) as typeof Whole)[name];

/*
 * The decorators of class-validator that are used here, under their own names, each from its own file. The package as a whole loads
 * the telephone numbers and tax ids of all countries: 250 files and 9 MB of every process.
 */
export const ArrayMaxSize = part('decorator/array', 'ArrayMaxSize');
export const ArrayNotEmpty = part('decorator/array', 'ArrayNotEmpty');
export const ArrayUnique = part('decorator/array', 'ArrayUnique');
export const IsArray = part('decorator/typechecker', 'IsArray');
export const IsDefined = part('decorator/common', 'IsDefined');
export const IsIn = part('decorator/common', 'IsIn');
export const IsInt = part('decorator/typechecker', 'IsInt');
export const IsIP = part('decorator/string', 'IsIP');
export const IsNotEmpty = part('decorator/common', 'IsNotEmpty');
export const IsObject = part('decorator/typechecker', 'IsObject');
export const IsOptional = part('decorator/common', 'IsOptional');
export const IsString = part('decorator/typechecker', 'IsString');
export const Length = part('decorator/string', 'Length');
export const Matches = part('decorator/string', 'Matches');
export const Max = part('decorator/number', 'Max');
export const MaxLength = part('decorator/string', 'MaxLength');
export const Min = part('decorator/number', 'Min');
export const MinLength = part('decorator/string', 'MinLength');
export const NotContains = part('decorator/string', 'NotContains');
export const NotEquals = part('decorator/common', 'NotEquals');
export const ValidateBy = part('decorator/common', 'ValidateBy');
export const ValidateIf = part('decorator/common', 'ValidateIf');
export const ValidateNested = part('decorator/common', 'ValidateNested');

const validator = new (part('validation', 'Validator'))();

/** The mistakes in an object, by the decorators of its class that need not wait. */
export const validateSync = (object: object, options?: Whole.ValidatorOptions): Whole.ValidationError[] =>
  validator.validateSync(object, options);

/** What Nest's pipe takes in place of the package. */
export const validatorPackage = {
  validate: (object: object, options?: Whole.ValidatorOptions): Promise<Whole.ValidationError[]> =>
    validator.validate(object, options),
  getMetadataStorage: (require('class-validator/cjs/metadata/MetadataStorage.js') as typeof Whole).getMetadataStorage,
};
